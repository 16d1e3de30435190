import { randomUUID } from 'node:crypto'
import type { Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { House } from '../support/house.js'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'
import { answerWhole, chatUnderKey, openBefore, startTakenGateway, type TakenGateway } from '../support/taken-gateway.js'

const withoutRedis = findProgram('redis-server') === undefined
let redis: RedisServer
beforeAll(async () => {
  if (withoutRedis) return
  redis = await prepareRedis()
  await redis.start()
})
afterAll(async () => {
  if (!withoutRedis) await redis.close()
})

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close()
})

/** Two houses with the same callers, as two processes have them, in front of one gateway. */
async function openTwo(): Promise<{ readonly gateway: TakenGateway; readonly houses: readonly [House, House]; readonly token: string }> {
  const gateway = await startTakenGateway()
  open.push(gateway)
  const prefix = `${randomUUID()}:`
  const openHere = (): Store => openStore({ redis: { url: redis.url, prefix } })
  const one = await openBefore(gateway, { store: openHere() })
  open.push(one)
  const other = await openBefore(gateway, { store: openHere(), sessionSecret: one.sessionSecret })
  open.push(other)
  const { token } = await one.minter.mint({ user: 'u_7', team: 'acme' })
  return { gateway, houses: [one, other], token }
}

const errorOf = async (answer: Response): Promise<{ readonly code: string; readonly message: string }> =>
  ((await answer.json()) as { error: { code: string; message: string } }).error

describe.skipIf(withoutRedis)('a call with an Idempotency-Key that is repeated at another process', () => {
  test('is refused with the id of the first, while that runs and afterwards, and is not sent', async () => {
    const { gateway, houses, token } = await openTwo()
    const asking = chatUnderKey(houses[0], { credential: token })
    const response = await gateway.next()
    const during = await chatUnderKey(houses[1], { credential: token })
    answerWhole(response)
    const first = await asking
    const after = await chatUnderKey(houses[1], { credential: token })
    for (const refused of [during, after]) {
      expect([refused.status, refused.headers.get('x-should-retry'), refused.headers.get('retry-after')]).toEqual([409, 'false', '5'])
      const { code, message } = await errorOf(refused)
      expect([code, message.includes(first.headers.get('x-request-id') as string)]).toEqual(['idempotency_conflict', true])
    }
    const other = await chatUnderKey(houses[1], { credential: token, prompt: 'Other' })
    expect((await errorOf(other)).message).toContain('was used for another request')
    expect(other.headers.get('retry-after')).toBeNull()
    expect(gateway.seen).toHaveLength(1)
    // At the first process the answer is still there.
    expect((await chatUnderKey(houses[0], { credential: token })).status).toBe(200)
  })

  test('is sent there if the first failed in a way that a retry can mend', async () => {
    const { gateway, houses, token } = await openTwo()
    const asking = chatUnderKey(houses[0], { credential: token })
    ;(await gateway.next()).writeHead(429, { 'content-type': 'application/json' }).end('{"error":{"message":"slow down"}}')
    expect((await asking).status).toBe(429)
    const again = chatUnderKey(houses[1], { credential: token })
    answerWhole(await gateway.next())
    expect((await again).status).toBe(200)
    expect(gateway.seen).toHaveLength(2)
  })

  test('is sent once although both processes get it at the same time, again and again', async () => {
    const { gateway, houses, token } = await openTwo()
    for (let round = 0; round < 20; round += 1) {
      const asked = houses.map((house) => chatUnderKey(house, { credential: token }, `round ${round}`.replace(' ', '-')))
      answerWhole(await gateway.next())
      const statuses = (await Promise.all(asked)).map(({ status }) => status)
      expect(statuses.toSorted((one, other) => one - other)).toEqual([200, 409])
      expect(gateway.seen).toHaveLength(round + 1)
    }
  })

  test('is refused with 503 while the store cannot be asked, since nobody knows whether it was sent; calls without a key pass', async () => {
    const { gateway, houses } = await openTwo()
    const [house] = houses
    await redis.stop()
    try {
      const refused = await chatUnderKey(house)
      expect([refused.status, (await errorOf(refused)).code]).toEqual([503, 'store_unavailable'])
      const asking = house.chat()
      answerWhole(await gateway.next())
      expect((await asking).status).toBe(200)
    } finally {
      await redis.start()
    }
    void gateway.next().then((response) => answerWhole(response))
    await vi.waitFor(async () => expect((await chatUnderKey(house)).status).toBe(200), { timeout: 10_000 })
    expect(gateway.seen).toHaveLength(2)
  })
})
