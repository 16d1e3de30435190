/** The measure of fidelity: the same calls directly and through Postern, a table of them, and a failure where they are not the same. */

import { writeFileSync } from 'node:fs'
import { type Options, readOptions, usage, UsageError } from './options.js'
import { Progress } from './progress.js'
import { reportOf } from './report.js'

const DIFFERENT = 1
const COULD_NOT_COMPLETE = 2

async function run(options: Options): Promise<number> {
  if (options.page) {
    const { fidelityPage, pageFile } = await import('./page.js')
    writeFileSync(pageFile, await fidelityPage())
    return 0
  }
  // The clients take a second to load, which nobody waits for who asks only how it is used.
  const { runParts } = await import('./run-parts.js')
  const results = await runParts(options, new Progress())
  process.stdout.write(`${options.json ? JSON.stringify(results, null, 2) : reportOf(results, options.verbose)}\n`)
  const all = [...results.methods, ...results.streams, ...results.http]
  return all.every(({ differences }) => differences.length === 0) ? 0 : DIFFERENT
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (!options.help) return await run(options)
    process.stdout.write(usage)
    return 0
  } catch (error) {
    if (error instanceof UsageError) process.stderr.write(`fidelity: ${error.message}\n(--help shows how it is used)\n`)
    else process.stderr.write(`fidelity: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return COULD_NOT_COMPLETE
  }
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => process.exit(status))
}

process.exit(await main(process.argv.slice(2)))
