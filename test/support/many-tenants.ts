import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Pool } from 'undici'
import { listenAnywhere } from './house.js'
import { usageOf } from './process-usage.js'
import { type RunningPostern, startPostern } from './run-postern.js'

/** How many calls are under way at once. */
const sideBySide = 16

const credential = 'pst_of_a_backend_that_calls_for_its_tenants'
const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
})
const question = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] })

/** The secret of a tenant's key. */
const secretOf = (tenant: number): string => `sk-tenant-${tenant}-${hash('sha256', `the secret of ${tenant}`).slice(0, 24)}`

/** Writes a file for `postern keys import`: a key and a team for each tenant. Returns its name. */
export async function writeTenants(folder: string, count: number): Promise<string> {
  const file = join(folder, 'tenants.csv')
  const stream = createWriteStream(file)
  stream.write('alias,gateway,secret,team\n')
  for (let tenant = 0; tenant < count; tenant += 1)
    if (!stream.write(`tenant-${tenant},main,${secretOf(tenant)},tenant-${tenant}\n`)) await once(stream, 'drain')
  stream.end()
  await once(stream, 'finish')
  return file
}

/** A folder with a configuration whose keys are all in its ring. */
export interface TenantFolder {
  readonly folder: string
  readonly config: string
}

/**
 * @param store What `store` is in the configuration.
 * @param more Further variables.
 */
export function prepareTenants(folder: string, gateway: string, store: object, more: Readonly<Record<string, string>> = {}): TenantFolder {
  mkdirSync(folder)
  const config = join(folder, 'postern.json')
  writeFileSync(
    config,
    JSON.stringify({
      version: 1,
      listen: { port: 0 },
      store,
      keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
      gateways: { main: { dialect: 'openai', baseURL: `${gateway}/v1` } },
      keys: {},
      bindings: [],
      callers: { service: { hashes: { env: 'RING' }, principals: { backend: { delegate: true } } } },
    }),
  )
  const variables = { MASTER: randomBytes(32).toString('base64'), RING: `backend:${hash('sha256', credential)}`, ...more }
  writeFileSync(
    join(folder, '.env'),
    Object.entries(variables)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  return { folder, config }
}

/** A gateway that refuses every call whose key is not one of a tenant. */
export async function startTenantGateway(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const isTenants = request.headers.authorization?.startsWith('Bearer sk-tenant-') === true
    request.resume().on('end', () => {
      response.writeHead(isTenants ? 200 : 401, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer)
    })
  })
  server.keepAliveTimeout = 600_000
  const url = await listenAnywhere(server)
  return {
    url,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** The real process, and calls for its tenants. */
export interface TenantPostern {
  /** From the start of the process to the answer of its first call, in milliseconds. */
  readonly startMs: number
  /** Its CPU time until then, in milliseconds. */
  readonly startCpuMs: number
  readonly pid: number
  /** The status of a call for a tenant. @throws {Error} if another key than that tenant's was used. */
  call(tenant: number): Promise<number>
  /** Calls for each of these tenants in turn, and returns the CPU time of a call, in microseconds. @throws {Error} if a call fails. */
  callEach(tenants: Iterable<number>): Promise<number>
  close(): Promise<void>
}

/** Starts the sidecar, and calls for the first tenant. */
export async function startTenants({ config, folder }: TenantFolder): Promise<TenantPostern> {
  const begun = performance.now()
  const running: RunningPostern = startPostern(['start', '--config', config], { cwd: folder })
  const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
  const pid = running.child.pid as number
  // A line for each of a million calls is more than this process needs to keep.
  running.child.stdout?.removeAllListeners('data').resume()
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections: sideBySide })

  async function call(tenant: number): Promise<number> {
    const { statusCode, headers, body } = await pool.request({
      method: 'POST',
      path: `${pathname}/chat/completions`,
      headers: {
        authorization: `Bearer ${credential}`,
        'postern-act-as': `team=tenant-${tenant}`,
        'content-type': 'application/json',
      },
      body: question,
    })
    await body.dump()
    const governance = String(headers['postern-governance'])
    if (statusCode === 200 && !governance.includes(`"key":"tenant-${tenant}"`)) throw new Error(`tenant ${tenant}: ${governance}`)
    return statusCode
  }

  async function callEach(tenants: Iterable<number>): Promise<number> {
    const left = tenants[Symbol.iterator]()
    const before = usageOf(pid).cpuMs
    let calls = 0
    const go = async (): Promise<void> => {
      for (let next = left.next(); next.done !== true; next = left.next()) {
        const status = await call(next.value)
        if (status !== 200) throw new Error(`a call for tenant ${next.value} was answered with ${status}`)
        calls += 1
      }
    }
    await Promise.all(Array.from({ length: sideBySide }, go))
    return ((usageOf(pid).cpuMs - before) * 1000) / calls
  }

  if ((await call(0)) !== 200) throw new Error('the first call failed')
  const startMs = performance.now() - begun
  return {
    startMs,
    startCpuMs: usageOf(pid).cpuMs,
    pid,
    call,
    callEach,
    async close() {
      await pool.destroy()
      running.child.kill('SIGKILL')
      await running.finished
    },
  }
}
