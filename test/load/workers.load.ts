import { setTimeout as sleep } from 'node:timers/promises'
import { createSqliteLedgerReader } from '@postern/stores/ledger'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { askAdmin } from '../support/ask-admin.js'
import { startNotingGateway } from '../support/noting-gateway.js'
import { randomFrom } from '../support/random-bill.js'
import { startStreamingGateway } from '../support/streaming-gateway.js'
import { metricsOf, openWorkersStand, type WorkersStand } from '../support/workers-stand.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function open(gateway: { readonly baseURL: string; close(): Promise<void> }, further: object): Promise<WorkersStand> {
  closing.push(() => gateway.close())
  const stand = await openWorkersStand(gateway.baseURL, further)
  closing.push(() => stand.close())
  return stand
}

test('two workers let exactly 1,000 requests through for 200 callers at once', { timeout: 300_000 }, async () => {
  const gateway = await startStreamingGateway()
  const stand = await open(gateway, { limits: { rules: [{ name: 'ever', requests: 1000 }] } })
  const statuses = await stand.callAll({ model: 'm1' }, 1200, 200)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1000)
  expect(statuses.filter((status) => status === 402)).toHaveLength(200)
  expect(gateway.calls()).toBe(1000)
  expect((await metricsOf(stand)).sum('postern_calls_total')).toBe(1200)
})

const seed = Math.floor(Math.random() * 2 ** 31)

test(`ten kills of workers under load lose no call and double none, and leave ledger and counts alike (seed ${seed})`, {
  timeout: 500_000,
}, async () => {
  const random = randomFrom(seed)
  const gateway = await startNotingGateway(random)
  const stand = await open(gateway, { limits: { rules: [{ name: 'ever', requests: 1_000_000 }] }, ledger: {} })
  const state = { isOver: false }
  const callers = Array.from({ length: 12 }, async (_, index) => {
    while (!state.isOver) {
      await stand.call({ model: 'm1', max_tokens: 10, ...(index % 2 === 0 ? { stream: true } : {}) }).catch(() => {})
      await sleep(1)
    }
  })
  const serving = (): number => stand.running.stdout().match(/"worker_serves"/g)?.length ?? 0
  for (let kill = 0; kill < 10; kill += 1) {
    const seen = gateway.bill.length
    await expect.poll(() => gateway.bill.length, { timeout: 60_000 }).toBeGreaterThan(seen + 40 * random())
    const workers = stand.workers()
    process.kill(workers[Math.floor(random() * workers.length)] as number, 'SIGKILL')
    await expect.poll(serving, { timeout: 60_000 }).toBe(kill + 1)
  }
  state.isOver = true
  await Promise.all(callers)
  const compare = async (): Promise<object> => {
    const reader = createSqliteLedgerReader(join(stand.folder, 'ledger.db'))
    const rows = await reader.calls({ sinceMs: 0, untilMs: Date.now() + 60_000, only: {}, most: 100_000 })
    await reader.close()
    const ids = rows.map(({ requestId }) => requestId)
    const known = new Set(ids)
    const { body } = await askAdmin(stand.admin, 'GET /admin/v1/limits?team=acme')
    const [{ limit, left }] = body['limits'] as [{ readonly limit: number; readonly left: number }]
    return {
      missing: gateway.bill.map(({ requestId }) => requestId).filter((id) => !known.has(id)),
      doubled: ids.length - known.size,
      uncounted: rows.length - (limit - left),
    }
  }
  await expect.poll(compare, { timeout: 60_000, interval: 1000 }).toEqual({ missing: [], doubled: 0, uncounted: 0 })
  const { body } = await askAdmin(stand.admin, 'GET /readyz')
  expect(body).toMatchObject({ status: 'ready' })
})
