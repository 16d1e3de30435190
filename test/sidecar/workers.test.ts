import { existsSync, readFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createSqliteLedgerReader } from '@postern/stores/ledger'
import { afterEach, expect, test } from 'vitest'
import { pauseAfter } from '../../sidecar/src/workers/pause.js'
import { askAdmin } from '../support/ask-admin.js'
import { startHoldingGateway } from '../support/holding-gateway.js'
import { listenAnywhere } from '../support/house.js'
import { readMetrics } from '../support/read-metrics.js'
import { runPostern } from '../support/run-postern.js'
import { openSocketToPass } from '../support/socket-to-pass.js'
import { openWorkersStand, type WorkersStand } from '../support/workers-stand.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const patience = { timeout: 30_000 }
const long = { timeout: 120_000 }

async function open(gateway: string, further: object = {}, options = {}): Promise<WorkersStand> {
  const stand = await openWorkersStand(gateway, further, options)
  closing.push(() => stand.close())
  return stand
}

/** A gateway that answers each call at once; `seen` are the calls that it got. */
async function startGateway(): Promise<{ readonly baseURL: string; readonly seen: { calls: number } }> {
  const seen = { calls: 0 }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }]
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
  const text = JSON.stringify({ id: 'c', object: 'chat.completion', model: 'm1', choices, usage })
  const server = createServer((request, response) => {
    seen.calls += 1
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(text))
  })
  const origin = await listenAnywhere(server)
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { baseURL: `${origin}/v1`, seen }
}

async function metricsOf({ admin }: WorkersStand): Promise<ReturnType<typeof readMetrics>> {
  const text = await new Promise<string>((resolve, reject) => {
    get({ socketPath: admin.socketPath, path: '/metrics' }, (answer) => {
      let body = ''
      answer.on('data', (piece: Buffer) => (body += piece.toString()))
      answer.on('end', () => resolve(body))
    }).on('error', reject)
  })
  return readMetrics(text)
}

test('two workers let exactly a limit of 1,000 requests through for 200 callers at once, and tell them as one', long, async () => {
  const gateway = await startGateway()
  const stand = await open(gateway.baseURL, { limits: { rules: [{ name: 'ever', requests: 1000 }] } })
  expect(stand.workers()).toHaveLength(2)
  const statuses = await stand.callAll(1100, 200)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1000)
  expect(statuses.filter((status) => status === 402)).toHaveLength(100)
  expect(gateway.seen.calls).toBe(1000)
  const metrics = await metricsOf(stand)
  expect(metrics.sum('postern_calls_total')).toBe(1100)
  expect(metrics.sum('postern_calls_total', { code: 'budget_exhausted' })).toBe(100)
  expect(metrics.sum('http_server_request_duration_seconds_count')).toBe(1100)
  expect(metrics.sum('postern_store_up')).toBe(1)
})

test(
  'where a worker is killed, the streams of the other one end whole, another one takes its place, and each call is booked and in the ledger once',
  long,
  async () => {
    const gateway = await startHoldingGateway()
    closing.push(() => gateway.close())
    const stand = await open(gateway.baseURL, { limits: { rules: [{ name: 'ever', requests: 1000 }] }, ledger: {} })
    const calls = Array.from({ length: 10 }, () => stand.call({ model: 'stream', stream: true }))
    await expect.poll(() => gateway.seen.length, patience).toBe(10)
    expect((await askAdmin(stand.admin, 'GET /admin/v1/calls/live')).body).toMatchObject({ total: 10 })
    const [victim = 0] = stand.workers()
    process.kill(victim, 'SIGKILL')
    const [, told = ''] = await stand.running.prints(/"calls":(\d+)[^\n]*"worker_ended"/)
    const broken = Number(told)
    expect(broken).toBeGreaterThan(0)
    expect(broken).toBeLessThan(10)
    await expect.poll(() => gateway.left.length, patience).toBe(broken)
    expect((await askAdmin(stand.admin, 'GET /readyz')).status).toBe(200)
    await stand.running.prints(/"msg":"worker_serves"/)
    gateway.finish()
    const answers = await Promise.all(calls)
    expect(answers.filter(({ isWhole, body }) => isWhole && body.includes('[DONE]'))).toHaveLength(10 - broken)
    expect(answers.filter(({ isWhole }) => !isWhole)).toHaveLength(broken)
    expect(stand.workers()).toHaveLength(2)
    expect(stand.workers()).not.toContain(victim)
    await expect.poll(() => endingsIn(stand), patience).toEqual({ complete: 10 - broken, interrupted: broken })
    const { body } = await askAdmin(stand.admin, 'GET /admin/v1/limits?team=acme')
    expect(body['limits']).toMatchObject([{ name: 'ever', limit: 1000, left: 990 }])
  },
)

/** How many rows of each ending the ledger has. */
async function endingsIn({ folder }: WorkersStand): Promise<Record<string, number>> {
  const reader = createSqliteLedgerReader(join(folder, 'ledger.db'))
  const calls = await reader.calls({ sinceMs: 0, untilMs: Date.now() + 60_000, only: {}, most: 100 })
  await reader.close()
  const counts: Record<string, number> = {}
  for (const { finish = 'none' } of calls) counts[finish] = (counts[finish] ?? 0) + 1
  return counts
}

test('every worker has a configuration as soon as a reload is answered, and none has one that is refused', long, async () => {
  const gateway = await startGateway()
  const stand = await open(gateway.baseURL)
  const statuses = async (): Promise<readonly number[]> =>
    Promise.all(Array.from({ length: 8 }, async () => (await stand.call({ model: 'm1' })).status))
  expect(new Set(await statuses())).toEqual(new Set([200]))
  stand.configure({ policies: { rules: [{ team: 'acme', models: ['another'] }] } })
  expect((await askAdmin(stand.admin, 'POST /admin/v1/reload')).status).toBe(200)
  expect(new Set(await statuses())).toEqual(new Set([403]))
  stand.configure({ policies: { rules: [] }, listen: { port: 0, workers: 3 } })
  const refused = await askAdmin(stand.admin, 'POST /admin/v1/reload')
  expect(refused).toMatchObject({ status: 422, body: { problems: [{ path: 'listen.workers' }] } })
  expect(new Set(await statuses())).toEqual(new Set([403]))
  // A worker that comes later has it as well.
  process.kill(stand.workers()[0] as number, 'SIGKILL')
  await stand.running.prints(/"msg":"worker_serves"/)
  expect(new Set(await statuses())).toEqual(new Set([403]))
})

/** Whether connections are accepted there. */
function isOpen(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

test('SIGTERM lets the streams of all workers end, and the process ends with 0 and leaves none behind', long, async () => {
  const gateway = await startHoldingGateway()
  closing.push(() => gateway.close())
  const stand = await open(gateway.baseURL, { ledger: {} })
  const calls = Array.from({ length: 6 }, () => stand.call({ model: 'stream', stream: true }))
  await expect.poll(() => gateway.seen.length, patience).toBe(6)
  const workers = stand.workers()
  stand.running.child.kill('SIGTERM')
  await stand.running.prints(/"msg":"draining"/)
  await expect.poll(() => isOpen(stand.url), patience).toBe(false)
  gateway.finish()
  expect((await Promise.all(calls)).filter(({ isWhole }) => isWhole)).toHaveLength(6)
  const { code, stdout, stderr } = await stand.running.finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/"msg":"stopped"/)
  expect(stdout).not.toMatch(/worker_ended/)
  expect(workers.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
  expect(stdout.match(/"msg":"request"/g)).toHaveLength(6)
})

test('workers end with their primary, also if that one is killed', long, async () => {
  const gateway = await startGateway()
  const stand = await open(gateway.baseURL)
  const workers = stand.workers()
  stand.running.child.kill('SIGKILL')
  await expect.poll(() => workers.filter((pid) => existsSync(`/proc/${pid}`)), patience).toEqual([])
})

test('credentials that fail are counted over all workers, each on a connection of its own', long, async () => {
  const gateway = await startGateway()
  const stand = await open(gateway.baseURL, { failedAuthentication: { limit: 10, window: '10m' } })
  const statuses = await Promise.all(Array.from({ length: 16 }, async () => (await stand.call({ model: 'm1' }, 'pst_of_nobody')).status))
  expect(statuses.filter((status) => status === 401)).toHaveLength(10)
  expect(statuses.filter((status) => status === 429)).toHaveLength(6)
})

test('no secret of the configuration stands in the arguments or the environment of a worker', long, async () => {
  const gateway = await startGateway()
  const stand = await open(gateway.baseURL)
  for (const pid of stand.workers()) {
    const told = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8')
    expect(told).toContain('worker')
    expect(told).not.toContain('sk-0123456789abcdef0123')
    expect(told).not.toContain('RING=')
  }
})

test('workers take the connections of a socket that was passed to the process', long, async () => {
  const gateway = await startGateway()
  const passed = await openSocketToPass()
  const stand = await open(gateway.baseURL, {}, { passed: { descriptors: [passed.descriptor] } })
  await passed.letGo()
  expect(new URL(stand.url).origin).toBe(passed.origin)
  const statuses = await Promise.all(Array.from({ length: 6 }, async () => (await stand.call({ model: 'm1' })).status))
  expect(new Set(statuses)).toEqual(new Set([200]))
})

test('a start with workers says which port is taken, and leaves no process behind', long, async () => {
  const gateway = await startGateway()
  const taken = Number(new URL(gateway.baseURL).port)
  await expect(open(gateway.baseURL, { listen: { port: taken, workers: 2 } })).rejects.toThrow(/ended with 1.*is taken by another process/s)
})

test('nobody begins a worker by hand', long, async () => {
  const { code, stderr } = await runPostern(['worker'])
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('postern start') as string })
})

test('the next worker of a place comes at once after one that served, and later each time after those that did not', () => {
  const pauses: number[] = []
  let failures = 0
  for (let time = 0; time < 9; time += 1) {
    const next = pauseAfter(failures, 0)
    failures = next.failures
    pauses.push(next.pauseMs)
  }
  expect(pauses).toEqual([0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect(pauseAfter(failures, 60_000)).toEqual({ failures: 1, pauseMs: 0 })
})
