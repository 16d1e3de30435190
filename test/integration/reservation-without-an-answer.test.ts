import { Reservations } from '@postern/core'
import type { Budgets, Claim, Store } from '@postern/ports'
import { createRedisStore } from '@postern/stores'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

const claims: readonly Claim[] = [{ budget: { id: 'b', limit: 10 }, amount: 2 }]

describe.skipIf(findProgram('redis-server') === undefined)('a reservation of which nobody heard whether it was made', () => {
  let redis: RedisServer
  let store: Store
  let reservations: Reservations
  beforeEach(async () => {
    redis = await prepareRedis()
    await redis.start()
    store = createRedisStore({ url: redis.url })
    reservations = new Reservations(store.budgets, () => {})
  })
  afterEach(async () => {
    await reservations.close()
    await store.close()
    await redis.close()
  })

  async function stateOf(budgets: Budgets): Promise<unknown> {
    const [state] = await budgets.look(claims.map(({ budget }) => budget))
    return [state?.booked, state?.held]
  }

  test('is given back once the store can be asked, since its call was refused', async () => {
    await reservations.reserve('first', claims, 60_000)
    redis.pause()
    await expect(reservations.reserve('unheard', claims, 60_000)).rejects.toThrow('no answer')
    redis.resume()
    // Redis reads what was sent to it, though nobody waits for the answer.
    await expect.poll(() => stateOf(store.budgets).catch(() => undefined)).toEqual([0, 4])
    await reservations.round()
    expect(await stateOf(store.budgets)).toEqual([0, 2])
  })

  test('is given back also if the store makes it after it was asked to give it back', async () => {
    const { reserve } = store.budgets
    const late = new Reservations(
      { ...store.budgets, recovery: undefined, reserve: () => Promise.reject(new Error('The connection was lost.')) },
      () => {},
    )
    await expect(late.reserve('late', claims, 60_000)).rejects.toThrow('lost')
    await late.round()
    await reserve('late', claims, 60_000)
    await late.round()
    expect(await stateOf(store.budgets)).toEqual([0, 0])
    await late.close()
  })
})
