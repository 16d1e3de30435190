import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisWorld, openRedisWorld, type Told } from '../support/redis-world.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { randomFrom } from '../support/random-bill.js'

/** `OUTAGES` and `OUTAGES_SEED` play others. */
const rounds = Number(process.env['OUTAGES'] ?? 12)
const seed = Number(process.env['OUTAGES_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** What nobody heard whether it was set aside is booked once its lease is over, and others look each twenty seconds. */
const bookedWithinMs = 120_000

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await preparePostgres()
  await postgres.start()
})
afterAll(() => postgres.close())

type Outage = readonly [name: string, happens: (world: RedisWorld, forMs: number) => Promise<void>]

const ofPostgres: readonly Outage[] = [
  [
    'PostgreSQL is killed',
    async (_, forMs) => {
      await postgres.stop()
      await sleep(forMs)
      await postgres.start()
    },
  ],
  [
    'PostgreSQL hangs',
    async (_, forMs) => {
      postgres.pause()
      await sleep(forMs)
      postgres.resume()
    },
  ],
]

const ofRedis: readonly Outage[] = [
  [
    'Redis is killed and put back to an older state',
    async ({ redis }, forMs) => {
      await redis.save()
      await sleep(forMs)
      await redis.stop()
      await redis.start()
    },
  ],
  ['Redis is emptied', ({ redis }) => redis.flush()],
  [
    'Redis hangs',
    async ({ redis }, forMs) => {
      redis.pause()
      await sleep(forMs)
      redis.resume()
    },
  ],
  [
    'Redis is away for a while, and loses what it had',
    async ({ redis }, forMs) => {
      await redis.stop()
      await sleep(forMs)
      await redis.start()
    },
  ],
]

/** Answers that a caller may get: that of the gateway, what a limit says, and that the store cannot be asked. */
function isStated({ status, code }: Told): boolean {
  return status === 200 || code === 'budget_exhausted' || code === 'budget_held' || (status === 503 && code === 'store_unavailable')
}

describe.each<[where: string, outages: readonly Outage[], isStore: boolean]>([
  ['in Redis, with the ledger in PostgreSQL', [...ofRedis, ...ofPostgres], false],
  ['in PostgreSQL alone', ofPostgres, true],
])(`limits %s`, (where, outages, isStore) => {
  test(`lose no call, double none and agree with the ledger after ${rounds} outages under load (seed ${seed})`, {
    timeout: 3_600_000,
  }, async () => {
    const random = randomFrom(seed)
    const world = await openRedisWorld(2, postgres, isStore)
    try {
      await world.untilCounted()
      const traffic = world.callAll()
      const back: Record<string, number[]> = {}
      for (let round = 0; round < rounds; round += 1) {
        // Each of them, in turn.
        const [name, happens] = outages[round % outages.length] as Outage
        await sleep(500 + random() * 1500)
        await happens(world, random() * 4000)
        const begun = performance.now()
        await world.untilCounted()
        ;(back[name] ??= []).push(Math.round(performance.now() - begun))
      }
      const told = await traffic.stop()
      const [acme, globex] = [await world.compare('acme', bookedWithinMs), await world.compare('globex', bookedWithinMs)]
      console.info(
        `${where}, seed ${seed}: ${told.length} calls, ${acme.callsBilled + globex.callsBilled} billed; counted again after, ms:`,
        back,
      )
      console.info(JSON.stringify({ acme, globex }))
      expect(told.filter((each) => !isStated(each))).toEqual([])
      expect(await world.findMisbooked()).toEqual([])
      expect(acme.billed).toBeLessThanOrEqual(6000)
      expect(acme.booked).toBe(acme.inLedger)
      for (const { billed, inLedger, requests, callsInLedger, moneyBooked, moneyInLedger } of [acme, globex]) {
        expect({ requests, moneyBooked }).toEqual({ requests: callsInLedger, moneyBooked: moneyInLedger })
        expect(billed).toBeLessThanOrEqual(inLedger)
      }
    } finally {
      await world.close()
    }
  })
})
