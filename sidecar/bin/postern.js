#!/usr/bin/env node
import { entryPoint } from './bundle.js'

const { main } = await import(entryPoint())

const words = process.argv.slice(2)
// Whoever reads what a command prints may have read enough (`| head -1`): what the command does, it does to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error
  })
}
process.exitCode = await main(words)
// The last lines of a sidecar are written, and whoever told it to stop waits for its end: not for spans that are sent again and again to
// a receiver that does not answer.
if (words[0] === 'start') process.exit()
