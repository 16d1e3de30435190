import { afterEach, expect, test } from 'vitest'
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
