import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LossyWorld, openLossyWorld } from '../support/lossy-world.js'
import { type Loss, lossesOfServers, playLoss, type Played } from '../support/play-loss.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

/** Within how many milliseconds everything says that a part is lost, and that it is back. */
const tellMs = 5000
const patientMs = 60_000
/** How many requests of each kind begin in a second. */
const perSecond = 10

const limits = { rules: [{ each: 'team', per: 'day', requests: 1_000_000 }] }
const ofStore = { part: 'store', metric: 'postern_store_up', lines: ['store_unavailable', 'store_available_again'] } as const
const ofLedger = { part: 'ledger', metric: 'postern_ledger_up', lines: ['ledger_unavailable', 'ledger_available_again'] } as const

function expectInTime(what: string, { lostMs, backMs, lost }: Played): void {
  console.info(`${what}: told after ${Math.round(lostMs)} ms, and ${Math.round(backMs)} ms after it was back: ${lost.console}`)
  expect(lostMs).toBeLessThan(tellMs)
  expect(backMs).toBeLessThan(tellMs)
}

describe('what is lost under load is told within five seconds by metric, log, /readyz and console, and that it is back', () => {
  describe.skipIf(findProgram('redis-server') === undefined)('with a Redis, a backend and all kinds of callers', () => {
    let redis: RedisServer
    let world: LossyWorld
    beforeAll(async () => {
      redis = await prepareRedis()
      await redis.start()
      const config = { store: { redis: { env: 'REDIS_URL' } }, limits }
      world = await openLossyWorld({ config, env: { REDIS_URL: redis.url }, perSecond, hasOthers: true, hasConsole: true })
    }, patientMs)
    afterAll(async () => {
      await world.close()
      await redis.close()
    })
    const losses: readonly (readonly [what: string, loss: Loss])[] = [
      ['Redis, killed', { ...ofStore, lose: () => redis.stop(), restore: () => redis.start() }],
      ['Redis, hanging', { ...ofStore, lose: () => redis.pause(), restore: () => redis.resume() }],
      ...lossesOfServers,
    ]

    test.each(losses)('%s; the process stays ready', { timeout: patientMs }, async (what, loss) => {
      const played = await playLoss(world, loss)
      expectInTime(what, played)
      expect([played.lost.ready, played.back.ready]).toEqual([200, 200])
    })
  })

  describe.skipIf(findProgram('postgresql') === undefined)('with a PostgreSQL that has the store and the ledger', () => {
    let postgres: PostgresServer
    let world: LossyWorld
    beforeAll(async () => {
      postgres = await preparePostgres()
      await postgres.start()
      const config = { store: { postgres: { env: 'POSTGRES_URL' } }, ledger: {}, limits }
      world = await openLossyWorld({ config, env: { POSTGRES_URL: postgres.url }, perSecond, hasOthers: false, hasConsole: true })
    }, patientMs)
    afterAll(async () => {
      await world.close()
      await postgres.close()
    })

    test.each([
      ['killed', () => postgres.stop(), () => postgres.start()],
      ['hanging', () => postgres.pause(), () => postgres.resume()],
    ] as const)(
      'PostgreSQL, %s; the process is not ready, since only sessions are let in',
      { timeout: patientMs },
      async (how, lose, restore) => {
        const played = await playLoss(world, { ...ofStore, lose, restore })
        expectInTime(`PostgreSQL, ${how}`, played)
        expect([played.lost.ready, played.back.ready]).toEqual([503, 200])
      },
    )

    test.each([
      ['killed', () => postgres.stop(), () => postgres.start()],
      ['hanging', () => postgres.pause(), () => postgres.resume()],
    ] as const)('the ledger, its PostgreSQL %s', { timeout: patientMs }, async (how, lose, restore) => {
      expectInTime(`the ledger, its PostgreSQL ${how}`, await playLoss(world, { ...ofLedger, lose, restore }))
    })
  })

  describe('with a store and a ledger in files', () => {
    let world: LossyWorld
    beforeAll(async () => {
      const config = { store: { sqlite: './store.db' }, ledger: {}, limits }
      world = await openLossyWorld({ config, perSecond, hasOthers: false, hasConsole: true })
    }, patientMs)
    afterAll(() => world.close())

    test.each([
      ['the store', ofStore],
      ['the ledger', ofLedger],
    ] as const)(
      'a disk that is full, for %s; the process stays ready, since sessions can still be read',
      { timeout: patientMs },
      async (what, of) => {
        const played = await playLoss(world, { ...of, lose: () => world.fillDisk(true), restore: () => world.fillDisk(false) })
        expectInTime(`a full disk, for ${what}`, played)
        expect([played.lost.ready, played.back.ready]).toEqual([200, 200])
        expect(played.lost.console).toContain('disk I/O error')
      },
    )
  })
})
