import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore, type Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patientMs } from '../support/patient.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'
import { untilReady } from '../support/until-ready.js'
import { playBill } from '../support/random-bill.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

const firstSeed = Math.floor(Math.random() * 2 ** 31)
/** `npm run load -- bill` plays ten thousand. */
const schedules = 25

const folder = mkdtempSync(join(tmpdir(), 'postern-bill-'))
const withoutRedis = findProgram('redis-server') === undefined
const withoutPostgres = findProgram('postgresql') === undefined
let redis: RedisServer
let postgres: PostgresServer
beforeAll(async () => {
  if (!withoutRedis) {
    redis = await prepareRedis()
    await redis.start()
  }
  if (!withoutPostgres) {
    postgres = await preparePostgres()
    await postgres.start()
  }
}, 60_000)
afterAll(async () => {
  if (!withoutRedis) await redis.close()
  if (!withoutPostgres) await postgres.close()
  rmSync(folder, { recursive: true })
})

describe.each<[where: string, open: () => Store, hasOurClock: boolean, isMissing: boolean]>([
  ['memory', () => createMemoryStore(), true, false],
  ['SQLite', () => openStore({ sqlite: join(folder, `${randomUUID()}.db`) }), true, false],
  ['Redis', () => openStore({ redis: { url: redis.url, prefix: `${randomUUID()}:` } }), false, withoutRedis],
  [
    'PostgreSQL',
    () => openStore({ postgres: { url: postgres.url, schema: `s${randomUUID().replaceAll('-', '')}`, answerMs: patientMs } }),
    false,
    withoutPostgres,
  ],
])('limits in %s', (_, open, hasOurClock, isMissing) => {
  test.skipIf(isMissing)(
    `bound the bill of the gateway in ${schedules} random schedules (seeds from ${firstSeed})`,
    { timeout: 120_000 },
    async () => {
      let [billed, refused] = [0, 0]
      for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1) {
        const result = await playBill(seed, await untilReady(open()), { hasOurClock })
        expect({ passed: result.passed, doubled: result.doubled }, `seed ${seed}`).toEqual({ passed: [], doubled: [] })
        billed += result.billed
        refused += result.refused
      }
      // The schedules are such that limits matter.
      expect(billed).toBeGreaterThan(schedules)
      expect(refused).toBeGreaterThan(schedules / 5)
    },
  )
})
