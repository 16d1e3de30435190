import { join } from 'node:path'
import { createSqliteLedgerReader } from '@postern/stores/ledger'
import { createPostgresLedgerReader } from '@postern/stores/postgres-ledger'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CrashesTold, type CrashPlace, playCrashes } from '../support/crashes.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

/** `CRASH_KILLS` and `CRASH_SEED` play others. */
const kills = Number(process.env['CRASH_KILLS'] ?? 100)
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

let redis: RedisServer
let postgres: PostgresServer
beforeAll(async () => {
  redis = await prepareRedis()
  await redis.start()
  postgres = await preparePostgres()
  await postgres.start()
})
afterAll(async () => {
  await redis.close()
  await postgres.close()
})

/** In shared stores the leases of a process that died end after a minute, and others look each twenty seconds. */
const sharedMs = 120_000

const places: Readonly<Record<string, () => CrashPlace>> = {
  'in a SQLite file': () => ({
    settings: () => ({ store: { sqlite: './store.db' }, ledger: {} }),
    read: (folder) => createSqliteLedgerReader(join(folder, 'ledger.db')),
    bookedWithinMs: 20_000,
  }),
  'in PostgreSQL': () => ({
    settings: () => ({ store: { postgres: { env: 'POSTGRES_URL' }, schema: 'alone' }, ledger: {} }),
    read: () => createPostgresLedgerReader({ url: postgres.url, schema: 'alone' }),
    bookedWithinMs: sharedMs,
    env: { POSTGRES_URL: postgres.url },
  }),
  'in Redis, with the ledger in PostgreSQL': () => ({
    settings: () => ({ store: { redis: { env: 'REDIS_URL' } }, ledger: { postgres: { env: 'POSTGRES_URL' }, schema: 'beside' } }),
    read: () => createPostgresLedgerReader({ url: postgres.url, schema: 'beside' }),
    bookedWithinMs: sharedMs,
    env: { POSTGRES_URL: postgres.url, REDIS_URL: redis.url },
  }),
}

describe(`${kills} kills at random moments under load (seed ${seed})`, () => {
  test.each(Object.entries(places))('lose no call, double none and pass no limit %s', { timeout: 3_600_000 }, async (name, place) => {
    const told: CrashesTold = await playCrashes(kills, seed, place())
    console.info(`${name}, seed ${seed}:`, told.seen, 'calls seen by the gateway,', told.interrupted, 'interrupted', told.sums)
    expect(told.missing).toEqual([])
    expect(told.doubled).toEqual([])
    for (const sum of told.sums) {
      expect(sum).toMatchObject({ inLedger: sum.booked, inLedgerMoney: sum.bookedMoney })
      expect(sum.billed).toBeLessThanOrEqual(sum.booked)
      expect(sum.booked).toBeLessThanOrEqual(sum.limit)
      expect(sum.billedMoney).toBeLessThanOrEqual(sum.bookedMoney)
    }
    expect(told.interrupted).toBeGreaterThan(0)
  })
})
