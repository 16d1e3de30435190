import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('bin/postern.js', import.meta.resolve('@postern/sidecar/package.json')))

/** Runs `postern start` on postern.yaml, as one would in production; only the sidecar gets the gateway's key. */
export async function startSidecar(places, env) {
  const folder = mkdtempSync(join(tmpdir(), 'browser-chat-'))
  const template = readFileSync(new URL('postern.yaml', import.meta.url), 'utf8')
  writeFileSync(
    join(folder, 'postern.yaml'),
    template.replaceAll(/\$([A-Z]+)/g, (_, name) => places[name]),
  )

  // Detached: Ctrl-C reaches this process only, which then tells the sidecar.
  const child = spawn(process.execPath, [command, 'start', '--config', join(folder, 'postern.yaml')], {
    detached: true,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  process.once('exit', () => child.kill())
  const log = createInterface(child.stdout)
  return {
    url: await Promise.race([
      new Promise((listening) => log.on('line', (line) => line.includes('"url"') && listening(new URL(JSON.parse(line).url).origin))),
      ended.then(() => Promise.reject(new Error('The sidecar did not start.'))),
    ]),
    /** Lets answers under way end, for two seconds at most. */
    async close() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}
