import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Compared, type RedisWorld, openRedisWorld, type Told } from '../support/redis-world.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'

const isMissing = findProgram('redis-server') === undefined || findProgram('postgresql') === undefined
let postgres: PostgresServer
let world: RedisWorld
beforeAll(async () => {
  if (isMissing) return
  postgres = await preparePostgres()
  await postgres.start()
}, 60_000)
afterAll(async () => {
  if (!isMissing) await postgres.close()
})
afterEach(() => world.close())

/** What a caller may be told: its answer, what its limits say, and that the store cannot be asked. */
function expectStatedAnswers(told: readonly Told[]): void {
  const others = told.filter(
    ({ status, code }) =>
      status !== 200 && code !== 'budget_exhausted' && code !== 'budget_held' && !(status === 503 && code === 'store_unavailable'),
  )
  expect(others).toEqual([])
}

function expectAgreement({ billed, inLedger, callsBilled, callsInLedger, requests, moneyInLedger, moneyBooked }: Compared): void {
  expect({ inLedger, callsInLedger, requests, moneyBooked }).toEqual({
    inLedger: billed,
    callsInLedger: callsBilled,
    requests: callsBilled,
    moneyBooked: moneyInLedger,
  })
}

/** Uses the tokens of acme up, and keeps what Redis has until then out of what it has saved. */
async function useUp(): Promise<void> {
  while ((await world.call('acme')).status === 200);
  expect((await world.call('acme')).code).toBe('budget_exhausted')
}

describe.skipIf(isMissing)('a Redis that lost writes', () => {
  test('under traffic of two processes has its counts built anew from the ledger: no limit is passed, no call is lost and none is counted twice', {
    timeout: 60_000,
  }, async () => {
    world = await openRedisWorld(2, postgres)
    await world.untilCounted()
    await world.redis.save()
    await useUp()
    const traffic = world.callAll()
    await world.untilCounted()
    await world.redis.stop()
    await world.redis.start()
    await expect.poll(() => world.call('globex')).toMatchObject({ code: 'store_unavailable' })
    await world.untilCounted()
    const told = await traffic.stop()
    expectStatedAnswers(told)
    expect(told.some(({ code }) => code === 'store_unavailable')).toBe(true)
    expect((await world.call('acme')).code).toBe('budget_exhausted')
    const acme = await world.compare('acme')
    expect(acme.billed).toBeLessThanOrEqual(6000)
    expect(acme.booked).toBe(acme.inLedger)
    expectAgreement(acme)
    expectAgreement(await world.compare('globex'))
  })

  test('counts calls that are under way again, and books what they spent when they end', { timeout: 180_000 }, async () => {
    world = await openRedisWorld(2, postgres)
    await world.untilCounted()
    await world.redis.save()
    const leaving = new AbortController()
    const streams = [0, 1].map((at) => world.call('globex', { ending: 'hangs', signal: leaving.signal, at }))
    await expect.poll(() => world.gateway.bill.length).toBeGreaterThanOrEqual(4)
    await world.redis.flush()
    await expect.poll(() => world.call('globex')).toMatchObject({ code: 'store_unavailable' })
    await world.untilCounted()
    const held = await world.compare('globex')
    // A call without an end is in no ledger, and holds as much as before.
    expect(held.requests - held.callsInLedger).toBe(2)
    leaving.abort()
    await Promise.all(streams)
    const after = await world.compare('globex')
    expect([after.requests, after.callsInLedger, after.moneyBooked]).toEqual([after.callsBilled, after.callsBilled, after.moneyInLedger])
  })

  test('has a call counted whose process died before, once, and in the ledger as interrupted', { timeout: 180_000 }, async () => {
    world = await openRedisWorld(1, postgres)
    const die = await world.begin()
    await world.untilCounted()
    const leaving = new AbortController()
    const called = world.call('globex', { ending: 'hangs', signal: leaving.signal, at: 1 })
    await expect.poll(() => world.gateway.bill.length).toBe(3)
    await world.redis.save()
    die()
    await world.call('globex')
    await world.redis.stop()
    await world.redis.start()
    await expect.poll(() => world.call('globex')).toMatchObject({ code: 'store_unavailable' })
    await world.untilCounted()
    const found = await world.compare('globex')
    expect([found.requests, found.callsInLedger, found.moneyBooked]).toEqual([found.callsBilled, found.callsBilled, found.moneyInLedger])
    expect(await world.findMisbooked()).toEqual([])
    leaving.abort()
    await called
  })

  test('while no process ran is found by the next one, which builds the counts anew', { timeout: 180_000 }, async () => {
    world = await openRedisWorld(1, postgres)
    await world.untilCounted()
    await world.redis.save()
    await useUp()
    await world.compare('acme')
    await world.stopAll()
    await world.redis.stop()
    await world.redis.start()
    await world.begin()
    await world.untilCounted()
    expect((await world.call('acme')).code).toBe('budget_exhausted')
    expectAgreement(await world.compare('acme'))
  })

  test('goes on with the counts that it has where no ledger is shared, and with the calls under way', { timeout: 180_000 }, async () => {
    world = await openRedisWorld(2)
    await world.untilCounted()
    await world.redis.save()
    const leaving = new AbortController()
    const stream = world.call('globex', { ending: 'hangs', signal: leaving.signal, at: 1 })
    await expect.poll(() => world.gateway.bill.length).toBeGreaterThanOrEqual(3)
    await useUp()
    await world.redis.stop()
    await world.redis.start()
    await world.untilCounted()
    expect((await world.call('acme')).status).toBe(200)
    const [requests] = (await world.limitsOf('globex')) ?? []
    // Two of before, one of each process since then, and the one that is under way.
    expect((requests?.limit ?? 0) - (requests?.left ?? 0)).toBe(5)
    leaving.abort()
    await stream
  })
})
