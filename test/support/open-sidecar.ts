import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { opened } from './opened.js'
import { startPostern } from './run-postern.js'

/** The real process, with its own data listener, in front of a backend and a gateway. */
export interface OpenSidecar {
  readonly origin: string
  /** The credential of a service caller of team `acme`. */
  readonly credential: string
  readonly pid: number
  /** What it has printed so far. */
  stdout(): string
  stderr(): string
  /** Whether the process lives. */
  lives(): boolean
  close(): Promise<void>
}

export interface OpenSidecarOptions {
  readonly backend: string
  /** Default: an address where nothing listens. */
  readonly gateway?: string
  readonly trustedProxies?: readonly string[]
  /** Replaces top-level members of the configuration; the members of `backend` and `callers` are added. */
  readonly config?: Readonly<Record<string, object>>
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** How many file descriptors the process gets. Default: as many as the system allows. */
  readonly openFiles?: number
}

export async function openSidecar({
  backend,
  gateway,
  trustedProxies = [],
  config: further = {},
  env = {},
  openFiles,
}: OpenSidecarOptions): Promise<OpenSidecar> {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-sidecar-'))
  const credential = 'pst_of_an_agent_that_calls'
  const config = {
    version: 1,
    listen: { port: 0, trustedProxies },
    gateways: {
      main: {
        dialect: 'joytoken',
        baseURL: gateway ?? 'http://127.0.0.1:9/openai/v1',
        addressLimit: 'off',
        endpoints: opened('unheard/of'),
      },
    },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    ...further,
    backend: { url: backend, ...further['backend'] },
    callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } }, ...further['callers'] },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  const { child, prints, finished, stdout, stderr } = startPostern(['start', '--config', 'postern.json'], {
    cwd,
    env: { KEY: 'jt_0123456789', RING: `agent:${hash('sha256', credential)}`, ...env },
    ...(openFiles === undefined ? {} : { openFiles }),
  })
  const [, printed = ''] = await prints(/"url":"([^"]+)"/)
  return {
    origin: new URL(printed).origin,
    credential,
    pid: child.pid as number,
    stdout,
    stderr,
    lives: () => child.exitCode === null && child.signalCode === null,
    async close() {
      child.kill('SIGKILL')
      await finished
      rmSync(cwd, { recursive: true })
    },
  }
}
