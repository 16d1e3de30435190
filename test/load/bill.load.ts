import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AskedSchedule } from '../support/bill-lane.js'
import { billStores } from '../support/bill-stores.js'
import { playBills } from '../support/play-bills.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

/** `BILL_SCHEDULES` and `BILL_SEED` play others; the seed says which store a schedule is played on. `BILL_LANES` processes play at once. */
const schedules = Number(process.env['BILL_SCHEDULES'] ?? 10_000)
const firstSeed = Number(process.env['BILL_SEED'] ?? Math.floor(Math.random() * 2 ** 30))
const lanes = Number(process.env['BILL_LANES'] ?? cpus().length * 2)

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

function* allSchedules(): Generator<AskedSchedule> {
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1)
    yield { seed, store: billStores[seed % billStores.length] as AskedSchedule['store'] }
}

test('the bill of the gateway stays within the limits, whatever is called', { timeout: 4 * 3_600_000 }, async () => {
  const sums = new Map(billStores.map((store) => [store, { schedules: 0, billed: 0, refused: 0 }]))
  const findings: unknown[] = []
  let count = 0
  await playBills(
    allSchedules(),
    (played) => {
      count += 1
      const { seed, store } = played
      const sum = sums.get(store) as { schedules: number; billed: number; refused: number }
      sum.schedules += 1
      if (!('result' in played) || played.result.passed.length > 0 || played.result.doubled.length > 0) {
        findings.push(played)
        process.stderr.write(`Seed ${seed} on ${store} (BILL_SEED=${seed} BILL_SCHEDULES=1 plays it again): ${JSON.stringify(played)}\n`)
      } else {
        sum.billed += played.result.billed
        sum.refused += played.result.refused
      }
      if (count % 100 === 0)
        process.stderr.write(`${count} of ${schedules} schedules from seed ${firstSeed}: ${JSON.stringify([...sums])}\n`)
    },
    { lanes, folder, redisUrl: redis.url, postgresUrl: postgres.url },
  )
  process.stderr.write(
    `${count} schedules from seed ${firstSeed}, ${findings.length} with a limit passed, a call billed twice or a failure:\n`,
  )
  process.stderr.write([...sums].map(([name, sum]) => `${name} ${JSON.stringify(sum)}\n`).join(''))
  expect(findings).toEqual([])
  expect(count).toBe(schedules)
})
