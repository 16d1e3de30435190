import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { callerCredential } from '../../support/secrets.js'

/** From where this is compiled to. */
const command = fileURLToPath(new URL('../../../../../sidecar/bin/postern.js', import.meta.url))

/** The real process, with one upstream behind it as gateway and as backend. */
export interface OpenRoads {
  readonly origin: string
  readonly credential: string
  /** What the upstream gets of us as credential. */
  readonly key: string
  close(): Promise<void>
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const key = 'sk-of-the-permissive-upstream'

export async function openRoads(upstream: string): Promise<OpenRoads> {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-fidelity-'))
  const credential = callerCredential()
  const endpoint = { methods, format: 'plain', model: 'none', media: true }
  const config = {
    version: 1,
    listen: { port: 0 },
    backend: { url: upstream },
    gateways: {
      main: { dialect: 'openai', baseURL: `${upstream}/v1`, attempts: 1, endpoints: { things: endpoint, 'things/{id}': endpoint } },
    },
    keys: { only: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ default: true, key: 'only' }],
    callers: { service: { hashes: { env: 'RING' } } },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  const child = spawn(process.execPath, [command, 'start', '--config', 'postern.json'], {
    cwd,
    env: { PATH: process.env['PATH'], KEY: key, RING: `agent:${hash('sha256', credential)}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = (): boolean => child.kill('SIGKILL')
  process.once('exit', stop)
  const closed = once(child, 'close')
  let printed = ''
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const origin = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      const url = /"url":"([^"]+)"/.exec(printed)?.[1]
      if (url !== undefined) resolve(new URL(url).origin)
    })
    child.once('exit', () => reject(new Error(`Postern did not start.\n${printed}`)))
  })
  return {
    origin,
    credential,
    key,
    async close() {
      stop()
      process.off('exit', stop)
      await closed
      rmSync(cwd, { recursive: true })
    },
  }
}
