import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@postern/stores'
import type { Store } from '@postern/ports'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { untilReady } from '../support/until-ready.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

const folder = mkdtempSync(join(tmpdir(), 'postern-limits-'))
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

const stores: readonly (readonly [name: string, isMissing: boolean, prepare: () => () => Store])[] = [
  [
    'one file',
    false,
    () =>
      (
        (sqlite) => () =>
          openStore({ sqlite })
      )(join(folder, `${randomUUID()}.db`)),
  ],
  [
    'one Redis',
    withoutRedis,
    () =>
      (
        (prefix) => () =>
          openStore({ redis: { url: redis.url, prefix } })
      )(`${randomUUID()}:`),
  ],
  [
    'one PostgreSQL',
    withoutPostgres,
    () =>
      (
        (schema) => () =>
          openStore({ postgres: { url: postgres.url, schema } })
      )(`s${randomUUID().replaceAll('-', '')}`),
  ],
]

describe.each(stores)('two houses over %s', (_, isMissing, prepare) => {
  test.skipIf(isMissing)('let exactly as many calls through together as the limits say', { timeout: 60_000 }, async () => {
    const openHere = prepare()
    const rules = [
      { name: 'ever', requests: 50 },
      { name: 'wide', each: 'team' as const, per: 'day' as const, requests: 1000 },
    ]
    const houses: House[] = []
    for (let index = 0; index < 2; index += 1)
      houses.push(await openHouse({ store: await untilReady(openHere()), config: { limits: { rules } } }))
    const answers = await Promise.all(Array.from({ length: 200 }, (_each, index) => (houses[index % 2] as House).chat()))
    const passed = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status === 402)
    expect([passed.length, refused.length]).toEqual([50, 150])
    expect(houses.reduce((sum, { emulator }) => sum + emulator.seen.length, 0)).toBe(50)
    // What the refused ones would have set aside in the other rule was given to nobody.
    await expect
      .poll(async () => (await houses[1]?.runtime.budgets.look([{ id: countOf('wide', 'acme'), limit: 1000, per: 'day' }]))?.[0])
      .toMatchObject({ booked: 50, held: 0 })
    await Promise.all(houses.map((house) => house.close()))
  })
})

/** What the calls of a team count under. */
function countOf(rule: string, team: string): string {
  return `${rule}\nrequests\n${team}`
}
