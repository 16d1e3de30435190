import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSqliteLedgerReader } from '@postern/stores/ledger'
import { type ReadMetrics, readMetrics } from './read-metrics.js'
import { type RunningPostern, type RunOptions, startPostern } from './run-postern.js'

/** An answer, as its client has it. */
export interface StandAnswer {
  readonly status: number
  readonly body: string
  /** Whether the answer ended as answers end, and not with its connection alone. */
  readonly isWhole: boolean
}

/** A process with workers in front of a gateway, each call on a connection of its own. */
export interface WorkersStand {
  readonly folder: string
  readonly running: RunningPostern
  readonly url: string
  /** The socket of the admin listener. */
  readonly admin: { readonly socketPath: string }
  /** The ids of the processes of its workers. */
  workers(): readonly number[]
  configure(further: object): void
  /** @param credential Default: that of a caller. */
  call(body: object, credential?: string): Promise<StandAnswer>
  /** Calls on so many connections at once, each of which is used again and again. */
  callAll(body: object, total: number, atOnce: number): Promise<readonly number[]>
  close(): Promise<void>
}

const usualCredential = 'pst_of_an_agent_that_calls'

/** @param further Members of the configuration, in place of the usual ones. */
export async function openWorkersStand(gateway: string, further: object, options: RunOptions = {}): Promise<WorkersStand> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-workers-'))
  const configure = (more: object): void =>
    writeFileSync(
      join(folder, 'postern.json'),
      JSON.stringify({
        version: 1,
        listen: { port: 0, workers: 2 },
        admin: { socket: './a.sock' },
        gateways: { main: { dialect: 'openai', baseURL: gateway } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
        store: { sqlite: './store.db' },
        ...more,
      }),
    )
  configure(further)
  const running = startPostern(['start', '--config', 'postern.json'], {
    cwd: folder,
    env: { KEY: 'sk-0123456789abcdef0123', RING: `agent:${hash('sha256', usualCredential)}` },
    ...options,
  })
  const close = async (): Promise<void> => {
    running.child.kill('SIGKILL')
    await running.finished
    rmSync(folder, { recursive: true })
  }
  const [, url = ''] = await running.prints(/"url":"([^"]+)"/).catch(async (error: unknown) => {
    await close()
    throw error
  })
  const { hostname, port } = new URL(url)

  function call(body: object, credential = usualCredential, agent: Agent | false = false): Promise<StandAnswer> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
      const asked = request({ hostname, port, path: '/ai/v1/chat/completions', method: 'POST', headers, agent }, (answer) => {
        let text = ''
        answer.on('data', (piece: Buffer) => (text += piece.toString()))
        answer.on('error', () => {})
        answer.on('close', () => resolve({ status: answer.statusCode ?? 0, body: text, isWhole: answer.complete }))
      })
      asked.on('error', reject)
      asked.end(JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], ...body }))
    })
  }

  return {
    folder,
    running,
    url,
    admin: { socketPath: join(folder, 'a.sock') },
    workers: () => childrenOf(running.child.pid as number),
    configure,
    call: (body, credential) => call(body, credential),
    async callAll(body, total, atOnce) {
      const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
      const statuses: number[] = []
      let left = total
      const work = async (): Promise<void> => {
        while (left > 0) {
          left -= 1
          statuses.push((await call(body, usualCredential, agent)).status)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, work))
      agent.destroy()
      return statuses
    },
    close,
  }
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** What the process exports for Prometheus. */
export async function metricsOf({ admin }: WorkersStand): Promise<ReadMetrics> {
  const text = await new Promise<string>((resolve, reject) => {
    get({ ...admin, path: '/metrics' }, (answer) => {
      let body = ''
      answer.on('data', (piece: Buffer) => (body += piece.toString()))
      answer.on('end', () => resolve(body))
    }).on('error', reject)
  })
  return readMetrics(text)
}

/** How many rows of each ending the ledger has. */
export async function endingsIn({ folder }: WorkersStand): Promise<Record<string, number>> {
  const reader = createSqliteLedgerReader(join(folder, 'ledger.db'))
  const calls = await reader.calls({ sinceMs: 0, untilMs: Date.now() + 60_000, only: {}, most: 10_000 })
  await reader.close()
  const counts: Record<string, number> = {}
  for (const { finish = 'none' } of calls) counts[finish] = (counts[finish] ?? 0) + 1
  return counts
}
