import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AdminAnswer, askAdmin } from './ask-admin.js'
import { startRecordingGateway, type RecordingGateway } from './recording-gateway.js'
import { runInProcess } from './run-in-process.js'
import { type Finished, type RunningPostern, startPostern } from './run-postern.js'

/** The real process, with keys that come from sources, in front of a gateway that notes with which key it is called. */
export interface SourcedSidecar {
  readonly cwd: string
  readonly gateway: RecordingGateway
  readonly running: RunningPostern
  /** Where the API is: `…/ai/v1`. */
  readonly url: string
  /** Makes a call of team `acme`, and returns its answer with its text. */
  call(path?: string, body?: object): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }>
  /** The key that the gateway got with a call that is made now; the status and code where the call was refused. */
  keyOfCall(): Promise<string>
  readyz(): Promise<AdminAnswer>
  readiness(): Promise<AdminAnswer>
  /** Writes a file beside the configuration. */
  write(name: string, text: string): void
  /** Runs a command with the same configuration and variables, in this process. */
  command(...args: string[]): Promise<Finished>
  close(): Promise<void>
}

export interface SourcedOptions {
  /** `keys.acme`, but for its gateway. */
  readonly key: object
  /** Further keys. */
  readonly keys?: Readonly<Record<string, object>>
  /** Further members of the configuration. */
  readonly config?: object
  readonly env?: Readonly<Record<string, string>>
  /** Files beside the configuration, by their names. */
  readonly files?: Readonly<Record<string, string>>
}

const credential = 'pst_of_an_agent_that_calls'

export async function openSourced({
  key,
  keys = {},
  config: further = {},
  env: variables = {},
  files = {},
}: SourcedOptions): Promise<SourcedSidecar> {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-sources-'))
  const gateway = await startRecordingGateway()
  const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text)
  for (const [name, text] of Object.entries(files)) write(name, text)
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock' },
    gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL } },
    keys: { acme: { gateway: 'main', ...key }, ...keys },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
    store: { memory: true },
    ...further,
  }
  write('postern.json', JSON.stringify(config))
  const env = { RING: `agent:${hash('sha256', credential)}`, ...variables }
  const running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  const [, printed = ''] = await running.prints(/"url":"([^"]+)"/)
  const admin = { socketPath: join(cwd, 'admin.sock') }

  async function call(path = 'chat/completions', body: object = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] }) {
    const response = await fetch(`${printed}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  return {
    cwd,
    gateway,
    running,
    url: printed,
    call,
    async keyOfCall() {
      const { status, text } = await call()
      if (status === 200) return gateway.keys.at(-1) ?? 'none'
      return `${status} ${(JSON.parse(text) as { readonly error: { readonly code: string } }).error.code}`
    },
    readyz: () => askAdmin(admin, 'GET /readyz'),
    readiness: () => askAdmin(admin, 'GET /admin/v1/readiness'),
    write,
    command: (...args) => runInProcess(args, { cwd, env }),
    async close() {
      running.child.kill('SIGKILL')
      await running.finished
      await gateway.close()
      rmSync(cwd, { recursive: true })
    },
  }
}
