import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore, type Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { patientMs } from '../support/patient.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { untilReady } from '../support/until-ready.js'
import { playBill } from '../support/random-bill.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

/** `BILL_SCHEDULES` and `BILL_SEED` play others; all four stores take turns. */
const schedules = Number(process.env['BILL_SCHEDULES'] ?? 10_000)
const firstSeed = Number(process.env['BILL_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

const folder = mkdtempSync(join(tmpdir(), 'postern-bill-'))
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
  rmSync(folder, { recursive: true })
})

test('the bill of the gateway stays within the limits, whatever is called', { timeout: 4 * 3_600_000 }, async () => {
  const stores: readonly (readonly [name: string, open: () => Store, hasOurClock: boolean])[] = [
    ['memory', () => createMemoryStore(), true],
    ['SQLite', () => openStore({ sqlite: join(folder, `${randomUUID()}.db`) }), true],
    ['Redis', () => openStore({ redis: { url: redis.url, prefix: `${randomUUID()}:` } }), false],
    [
      'PostgreSQL',
      () => openStore({ postgres: { url: postgres.url, schema: `s${randomUUID().replaceAll('-', '')}`, answerMs: patientMs } }),
      false,
    ],
  ]
  const sums = new Map(stores.map(([name]) => [name, { schedules: 0, billed: 0, refused: 0 }]))
  for (let index = 0; index < schedules; index += 1) {
    const seed = firstSeed + index
    const [name, open, hasOurClock] = stores[index % stores.length] as (typeof stores)[number]
    const result = await playBill(seed, await untilReady(open()), { hasOurClock })
    expect({ passed: result.passed, doubled: result.doubled }, `seed ${seed} on ${name}`).toEqual({ passed: [], doubled: [] })
    const sum = sums.get(name) as { schedules: number; billed: number; refused: number }
    sum.schedules += 1
    sum.billed += result.billed
    sum.refused += result.refused
    if (index % 100 === 99)
      process.stderr.write(`${index + 1} of ${schedules} schedules from seed ${firstSeed}: ${JSON.stringify([...sums])}\n`)
  }
  process.stderr.write(`${schedules} schedules from seed ${firstSeed}, no limit passed and no call billed twice:\n`)
  process.stderr.write([...sums].map(([name, sum]) => `${name} ${JSON.stringify(sum)}\n`).join(''))
})
