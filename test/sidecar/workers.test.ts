import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pauseAfter } from '../../sidecar/src/workers/pause.js'
import { askAdmin } from '../support/ask-admin.js'
import { findProgram } from '../support/programs.js'
import { prepareRedis } from '../support/redis-server.js'
import { runPostern } from '../support/run-postern.js'
import { openSocketToPass } from '../support/socket-to-pass.js'
import { startStreamingGateway, type StreamingGateway } from '../support/streaming-gateway.js'
import { endingsIn, metricsOf, openWorkersStand, type WorkersStand } from '../support/workers-stand.js'

const patience = { timeout: 30_000 }
const long = { timeout: 120_000 }

let gateway: StreamingGateway
beforeAll(async () => {
  gateway = await startStreamingGateway()
})
afterAll(() => gateway.close())

/** The statuses of so many calls at once, each on a connection of its own. */
async function statusesOf(stand: WorkersStand, calls: number, credential?: string): Promise<readonly number[]> {
  return Promise.all(Array.from({ length: calls }, async () => (await stand.call({ model: 'm1' }, credential)).status))
}

/** Whether connections are accepted there. */
function isOpen(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

const livesOf = (pids: readonly number[]): readonly number[] => pids.filter((pid) => existsSync(`/proc/${pid}`))

describe('two workers over one SQLite file', () => {
  let stand: WorkersStand
  beforeAll(async () => {
    stand = await openWorkersStand(gateway.baseURL, {
      limits: {
        rules: [
          { name: 'ever', model: 'counted', requests: 250 },
          { name: 'all', requests: 100_000 },
        ],
      },
      failedAuthentication: { limit: 10, window: '10m' },
      ledger: {},
    })
  }, 120_000)
  afterAll(() => stand.close())

  test('let exactly as many calls through as a limit says for 200 callers at once, and tell what they count as one', long, async () => {
    expect(stand.workers()).toHaveLength(2)
    const before = gateway.calls()
    const statuses = await stand.callAll({ model: 'counted' }, 300, 200)
    expect(statuses.filter((status) => status === 200)).toHaveLength(250)
    expect(statuses.filter((status) => status === 402)).toHaveLength(50)
    expect(gateway.calls() - before).toBe(250)
    const metrics = await metricsOf(stand)
    expect(metrics.sum('postern_calls_total')).toBe(300)
    expect(metrics.sum('postern_calls_total', { code: 'budget_exhausted' })).toBe(50)
    expect(metrics.sum('http_server_request_duration_seconds_count')).toBe(300)
    expect(metrics.sum('postern_store_up')).toBe(1)
  })

  test('count credentials that fail together, each of which comes on a connection of its own', long, async () => {
    const statuses = await statusesOf(stand, 16, 'pst_of_nobody')
    expect(statuses.toSorted((one, other) => one - other)).toEqual([
      ...Array.from({ length: 10 }, () => 401),
      ...Array.from({ length: 6 }, () => 429),
    ])
  })

  test('have no secret of the configuration in their arguments or their environment', () => {
    for (const pid of stand.workers()) {
      const told = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8')
      expect(told).toContain('worker')
      expect(told).not.toContain('sk-0123456789abcdef0123')
      expect(told).not.toContain('RING=')
    }
  })

  test(
    'lose the streams of the one that is killed and no others, get another one in its place, and have each call booked and in the ledger once',
    long,
    async () => {
      const [known, counted] = [await endingsIn(stand), (await metricsOf(stand)).sum('postern_calls_total')]
      const calls = Array.from({ length: 10 }, () => stand.call({ model: 'm1', stream: true }))
      await expect.poll(() => gateway.open(), patience).toBe(10)
      expect((await askAdmin(stand.admin, 'GET /admin/v1/calls/live')).body).toMatchObject({ total: 10 })
      const [victim = 0] = stand.workers()
      process.kill(victim, 'SIGKILL')
      const [, told = ''] = await stand.running.prints(/"calls":(\d+)[^\n]*"worker_ended"/)
      const broken = Number(told)
      expect(broken).toBeGreaterThan(0)
      expect(broken).toBeLessThan(10)
      await expect.poll(() => gateway.open(), patience).toBe(10 - broken)
      expect((await askAdmin(stand.admin, 'GET /readyz')).status).toBe(200)
      await stand.running.prints(/"msg":"worker_serves"/)
      gateway.finish()
      const answers = await Promise.all(calls)
      expect(answers.filter(({ isWhole, body }) => isWhole && body.includes('[DONE]'))).toHaveLength(10 - broken)
      expect(answers.filter(({ isWhole }) => !isWhole)).toHaveLength(broken)
      expect(stand.workers()).toHaveLength(2)
      expect(stand.workers()).not.toContain(victim)
      const complete = (known['complete'] ?? 0) + 10 - broken
      await expect.poll(() => endingsIn(stand), patience).toEqual({ ...known, complete, interrupted: broken })
      const { body } = await askAdmin(stand.admin, 'GET /admin/v1/limits?team=acme&model=m1')
      expect(body['limits']).toMatchObject([{ name: 'all', limit: 100_000, left: 100_000 - 250 - 10 }])
      // What the killed one had counted stays.
      expect((await metricsOf(stand)).sum('postern_calls_total')).toBe(counted + 10 - broken)
    },
  )

  test(
    'leave no connection without an answer and without an end that one of them got and never took before it was killed',
    long,
    async () => {
      const [victim = 0] = stand.workers()
      process.kill(victim, 'SIGSTOP')
      let answered = 0
      let closed = 0
      const ends = Array.from({ length: 8 }, async () => {
        const { isWhole } = await stand.call({ model: 'm1' }).catch(() => ({ isWhole: false }))
        if (isWhole) answered += 1
        else closed += 1
      })
      // The other one has answered those that it got.
      await expect.poll(() => answered, patience).toBe(7)
      process.kill(victim, 'SIGKILL')
      await Promise.all(ends)
      expect([answered, closed]).toEqual([7, 1])
      await expect.poll(() => stand.workers().filter((pid) => pid !== victim), patience).toHaveLength(2)
    },
  )

  test('let their streams end at SIGTERM, and leave no process behind', long, async () => {
    const calls = Array.from({ length: 6 }, () => stand.call({ model: 'm1', stream: true }))
    await expect.poll(() => gateway.open(), patience).toBe(6)
    const workers = stand.workers()
    stand.running.child.kill('SIGTERM')
    await stand.running.prints(/"msg":"draining"/)
    await expect.poll(() => isOpen(stand.url), patience).toBe(false)
    gateway.finish()
    expect((await Promise.all(calls)).filter(({ isWhole }) => isWhole)).toHaveLength(6)
    const { code, stdout, stderr } = await stand.running.finished
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/"msg":"stopped"/)
    // Those that were killed before.
    expect(stdout.match(/worker_ended/g)).toHaveLength(2)
    expect(livesOf(workers)).toEqual([])
  })
})

describe('two workers on a passed socket', () => {
  let stand: WorkersStand
  beforeAll(async () => {
    const passed = await openSocketToPass()
    stand = await openWorkersStand(gateway.baseURL, { store: { memory: true } }, { passed: { descriptors: [passed.descriptor] } })
    await passed.letGo()
    expect(new URL(stand.url).origin).toBe(passed.origin)
  }, 120_000)
  afterAll(() => stand.close())

  test('have a configuration as soon as its reload is answered, and no part of one that is refused', long, async () => {
    expect(new Set(await statusesOf(stand, 8))).toEqual(new Set([200]))
    stand.configure({ store: { memory: true }, policies: { rules: [{ team: 'acme', models: ['another'] }] } })
    expect((await askAdmin(stand.admin, 'POST /admin/v1/reload')).status).toBe(200)
    expect(new Set(await statusesOf(stand, 8))).toEqual(new Set([403]))
    stand.configure({ store: { memory: true }, policies: { rules: [] }, listen: { port: 0, workers: 3 } })
    const refused = await askAdmin(stand.admin, 'POST /admin/v1/reload')
    expect(refused).toMatchObject({ status: 422, body: { problems: [{ path: 'listen.workers' }] } })
    expect(new Set(await statusesOf(stand, 8))).toEqual(new Set([403]))
    // A worker that comes later has what was taken.
    process.kill(stand.workers()[0] as number, 'SIGKILL')
    await stand.running.prints(/"msg":"worker_serves"/)
    expect(new Set(await statusesOf(stand, 8))).toEqual(new Set([403]))
  })

  test('end when their primary is killed', long, async () => {
    const workers = stand.workers()
    expect(workers).toHaveLength(2)
    stand.running.child.kill('SIGKILL')
    await expect.poll(() => livesOf(workers), patience).toEqual([])
  })
})

test.skipIf(findProgram('redis-server') === undefined)(
  'two workers with connections of their own to a Redis let exactly as many calls through as a limit says',
  long,
  async () => {
    const redis = await prepareRedis()
    await redis.start()
    const limits = { rules: [{ name: 'ever', requests: 50 }] }
    const stand = await openWorkersStand(gateway.baseURL, { store: { redis: redis.url }, limits })
    try {
      const statuses = await stand.callAll({ model: 'm1' }, 80, 40)
      expect(statuses.filter((status) => status === 200)).toHaveLength(50)
      expect(statuses.filter((status) => status === 402)).toHaveLength(30)
    } finally {
      await stand.close()
      await redis.close()
    }
  },
)

test('a start with workers says which port is taken, and leaves no process behind', long, async () => {
  const taken = Number(new URL(gateway.baseURL).port)
  const started = openWorkersStand(gateway.baseURL, { listen: { port: taken, workers: 2 } })
  await expect(started).rejects.toThrow(/ended with 1.*is taken by another process/s)
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
