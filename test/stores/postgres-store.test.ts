import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { type Store, StoreNotAsked } from '@postern/ports'
import { createPostgresStore } from '@postern/stores'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'
import { timed } from '../support/stopwatch.js'

const inAMinute = (): number => Date.now() + 60_000
const budget = { id: 'b', limit: 1_000_000 }

let made = 0
function nameOfReservation(): string {
  made += 1
  return `r${made}`
}

/** Every method of the ports once. */
function callAll(store: Store): Promise<unknown>[] {
  return [
    store.seen.add('k', inAMinute()),
    store.counters.add('k', inAMinute()),
    store.budgets.reserve(nameOfReservation(), [{ budget, amount: 1 }], 60_000),
    store.budgets.extend(['unknown'], 1000),
    store.budgets.settle('unknown', []),
    store.budgets.look([budget]),
    store.budgets.bookAbandoned(10),
    store.revocations.append({ kind: 'id', name: 'k', at: 1, until: inAMinute() }),
    store.revocations.after(),
    store.revocations.after('1'),
  ]
}

/** Makes every call and gives what they were rejected with; all must be, and in time. */
async function failures(store: Store): Promise<Error[]> {
  const { result, ms } = await timed(Promise.allSettled(callAll(store)))
  expect(ms).toBeLessThan(2500)
  return result.map((each) => {
    if (each.status === 'fulfilled') throw new Error('It was fulfilled.')
    return each.reason as Error
  })
}

async function works(store: Store): Promise<void> {
  await Promise.all(callAll(store))
}

/** Waits until every method works again. */
async function worksAgain(store: Store): Promise<void> {
  await expect.poll(() => works(store).then(() => true), { timeout: 15_000, interval: 50 }).toBe(true)
}

async function query<Found extends pg.QueryResultRow>(url: string, text: string): Promise<readonly Found[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Found>(text)).rows
  } finally {
    await client.end()
  }
}

describe.skipIf(findProgram('postgresql') === undefined)('the store in PostgreSQL', { timeout: 60_000 }, () => {
  let postgres: PostgresServer
  let schema: string
  let store: Store

  beforeAll(async () => {
    postgres = await preparePostgres()
    await postgres.start()
  }, 60_000)
  afterAll(() => postgres.close())
  beforeEach(() => {
    schema = `s${randomUUID().replaceAll('-', '')}`
    store = createPostgresStore({ url: postgres.url, schema })
  })
  afterEach(() => store.close())

  test('rejects each call while the database is not there yet, knows that nothing was done, and works once it is', async () => {
    await postgres.stop()
    for (const error of await failures(store)) {
      expect(error.message).toBe('PostgreSQL cannot be used: ECONNREFUSED.')
      expect(error).toBeInstanceOf(StoreNotAsked)
    }
    await postgres.start()
    await worksAgain(store)
  })

  test('rejects each call after the database was killed or shut down, and works once it is started again, with what was committed', async () => {
    await worksAgain(store)
    await store.budgets.reserve('kept', [{ budget: { id: 'kept', limit: 10 }, amount: 6 }], 60_000)
    for (const end of [() => postgres.stop(), () => postgres.shutDown()]) {
      await worksAgain(store)
      await end()
      await failures(store)
      await postgres.start()
      await worksAgain(store)
    }
    expect(await store.budgets.look([{ id: 'kept', limit: 10 }])).toMatchObject([{ booked: 0, held: 6 }])
    expect(await store.budgets.settle('kept', [4])).toMatchObject([{ booked: 4, held: 0 }])
  })

  test('rejects what was under way when the database was killed', async () => {
    await worksAgain(store)
    postgres.pause()
    const rejected = failures(store)
    await new Promise((done) => setTimeout(done, 100))
    await postgres.stop()
    for (const error of await rejected) expect(error.message).toMatch(/^PostgreSQL cannot be used: /)
    await postgres.start()
  })

  test('rejects each call in time while the database hangs, and works once it goes on', async () => {
    await worksAgain(store)
    postgres.pause()
    for (const error of await failures(store)) expect(error.message).toMatch(/^PostgreSQL cannot be used: it did not answer in time\.$/)
    await failures(store)
    postgres.resume()
    await worksAgain(store)
  })

  test('waits as long as its options say, for calls that go alone and for those that go together', async () => {
    const patient = createPostgresStore({ url: postgres.url, schema, answerMs: 20_000 })
    await worksAgain(patient)
    postgres.pause()
    const answered = works(patient)
    await failures(store)
    await failures(store)
    postgres.resume()
    await answered
    await patient.close()
  })

  test('rejects each of 500 calls in time where the database hangs from the start', async () => {
    postgres.pause()
    const many = Array.from({ length: 500 }, () => store.budgets.reserve(nameOfReservation(), [{ budget, amount: 1 }], 60_000))
    const { result, ms } = await timed(Promise.allSettled(many))
    expect(ms).toBeLessThan(2500)
    expect(result.every(({ status }) => status === 'rejected')).toBe(true)
    await failures(store)
    postgres.resume()
    await worksAgain(store)
  })

  test('keeps a connection whose answer had come while the process itself was held up', async () => {
    await worksAgain(store)
    const answer = store.counters.add('held up', inAMinute())
    await new Promise((done) => setTimeout(done, 0))
    setTimeout(() => {
      const until = performance.now() + 1700
      while (performance.now() < until);
    })
    expect(await answer).toBe(1)
    expect(await store.counters.add('held up', inAMinute())).toBe(2)
  })

  test('uses eight connections at most for many callers, and none after it was closed', async () => {
    await worksAgain(store)
    await Promise.all(Array.from({ length: 500 }, (_, index) => store.counters.add(`k${index}`, inAMinute())))
    const count = "SELECT count(*)::integer AS open FROM pg_stat_activity WHERE application_name = 'postern'"
    expect((await query<{ open: number }>(postgres.url, count))[0]?.open).toBeLessThanOrEqual(8)
    await store.close()
    await expect.poll(async () => (await query<{ open: number }>(postgres.url, count))[0]?.open).toBe(0)
  })

  test('puts callers who come together into few statements, and answers each by itself', async () => {
    await worksAgain(store)
    const mine = { id: 'together', limit: 150 }
    const asked = Array.from({ length: 200 }, () => store.budgets.reserve(nameOfReservation(), [{ budget: mine, amount: 1 }], 60_000))
    const granted = (await Promise.all(asked)).filter((each) => each.granted)
    expect(granted).toHaveLength(150)
    const held = new Set(granted.map(({ counted }) => counted[0]?.held))
    expect(held).toEqual(new Set(Array.from({ length: 150 }, (_, index) => index + 1)))
    const [found] = await query<{ transactions: number }>(
      postgres.url,
      `SELECT count(DISTINCT xmin::text)::integer AS transactions FROM ${schema}.reservations`,
    )
    expect(found?.transactions).toBeLessThan(30)
  })

  test('has no key in clear', async () => {
    await worksAgain(store)
    await store.seen.add('a-proof-of-someone', inAMinute())
    await store.counters.add('a-call-of-someone', inAMinute())
    await store.budgets.reserve('r', [{ budget: { id: 'a-budget-of-someone', limit: 2 }, amount: 1 }], 60_000)
    const rows = await query(postgres.url, `SELECT key AS text FROM ${schema}.counted UNION ALL SELECT id FROM ${schema}.windows`)
    expect(rows.length).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(rows)).not.toContain('someone')
  })

  test('deletes what is over: keys, revocations after an hour, counts and corrections after a day', async () => {
    await worksAgain(store)
    await store.budgets.reserve('held', [{ budget: { id: 'held', limit: 2 }, amount: 1 }], 60_000)
    for (const [table, change] of [
      ['counted', 'until = 1'],
      ['revocations', 'until = 1'],
      ['windows', 'forget = 1'],
    ])
      await query(postgres.url, `UPDATE ${schema}.${table} SET ${change}`)
    await query(postgres.url, `INSERT INTO ${schema}.reservations VALUES ('over', 1, true, '{}', '{}')`)
    await query(postgres.url, `SELECT ${schema}.sweep(100)`)
    const counts = ['counted', 'revocations', 'windows', 'reservations'].map(
      (table) => `(SELECT count(*)::integer FROM ${schema}.${table})`,
    )
    const [left] = await query(postgres.url, `SELECT ARRAY[${counts.join(', ')}] AS rows`)
    // What calls under way hold stays, however old its window is.
    expect(left).toEqual({ rows: [0, 0, 2, 2] })
  })

  test('gives everything anew where the database has gone back behind a mark, as a replica may that takes over', async () => {
    await worksAgain(store)
    await store.revocations.append({ kind: 'id', name: 'older', at: 1, until: inAMinute() })
    await store.revocations.append({ kind: 'id', name: 'lost', at: 1, until: inAMinute() })
    const { mark } = await store.revocations.after()
    await query(postgres.url, `DELETE FROM ${schema}.revocations WHERE name = 'lost'`)
    const page = await store.revocations.after(mark)
    expect(page.items).toContainEqual(expect.objectContaining({ name: 'older' }))
    expect(Number(page.mark)).toBe(Number(mark) - 1)
    expect(await store.revocations.after(page.mark)).toEqual({ items: [], mark: page.mark })
  })

  test('waits for the disk with a revocation, also where the database does not wait by itself', async () => {
    await worksAgain(store)
    const careless = createPostgresStore({ url: `${postgres.url}?options=-c%20synchronous_commit%3Doff`, schema })
    await careless.revocations.append({ kind: 'id', name: 'a', at: 1, until: inAMinute() })
    await careless.close()
    await postgres.stop()
    await postgres.start()
    await worksAgain(store)
    expect((await store.revocations.after()).items).toContainEqual(expect.objectContaining({ name: 'a' }))
  })

  test('refuses a name with NUL, which PostgreSQL does not keep', async () => {
    await expect(store.revocations.append({ kind: 'user', name: 'a\0b', at: 1, until: inAMinute() })).rejects.toThrow(
      'A name holds no NUL.',
    )
  })

  describe('its tables', () => {
    test('are made once where twenty processes begin at the same time, and not before they are needed', async () => {
      expect(await query(postgres.url, `SELECT 1 AS found FROM pg_namespace WHERE nspname = '${schema}'`)).toEqual([])
      const stores = Array.from({ length: 20 }, () => createPostgresStore({ url: postgres.url, schema }))
      const begun = (each: Store): Promise<boolean> => each.counters.add('k', inAMinute()).then(() => true)
      await Promise.all(stores.map((each) => expect.poll(() => begun(each), { timeout: 15_000, interval: 50 }).toBe(true)))
      const counts = await Promise.all(stores.map((each) => each.counters.add('after that', inAMinute())))
      expect(counts.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
      await Promise.all(stores.map((each) => each.close()))
      expect(await query(postgres.url, `SELECT * FROM ${schema}.versions`)).toEqual([{ part: 'store', version: 8 }])
    })

    test('stand in a schema of their own for each installation', async () => {
      const other = createPostgresStore({ url: postgres.url, schema: `${schema}_other` })
      await Promise.all([worksAgain(store), worksAgain(other)])
      expect([await store.counters.add('mine', inAMinute()), await other.counters.add('mine', inAMinute())]).toEqual([1, 1])
      await other.close()
    })

    test('need no right to create anything once they are there, and the message says which right is missing before', async () => {
      await query(postgres.url, 'CREATE ROLE guest LOGIN')
      await query(postgres.url, 'REVOKE CREATE ON DATABASE postgres FROM PUBLIC')
      const asGuest = createPostgresStore({ url: postgres.url.replace('tester@', 'guest@'), schema })
      await expect(asGuest.counters.add('k', inAMinute())).rejects.toThrow(
        'PostgreSQL cannot be used: the user lacks a permission (42501).',
      )
      await worksAgain(store)
      await query(
        postgres.url,
        `GRANT USAGE ON SCHEMA ${schema} TO guest; GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO guest; GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO guest`,
      )
      await worksAgain(asGuest)
      await asGuest.close()
    })

    test('are made anew where somebody dropped them while Postern runs', async () => {
      await worksAgain(store)
      await query(postgres.url, `DROP SCHEMA ${schema} CASCADE`)
      await worksAgain(store)
    })

    test('of a newer Postern are left alone', async () => {
      await worksAgain(store)
      await query(postgres.url, `UPDATE ${schema}.versions SET version = 99`)
      const older = createPostgresStore({ url: postgres.url, schema })
      await expect(older.counters.add('k', inAMinute())).rejects.toThrow(
        'The store in PostgreSQL was written by a newer Postern (version 99, known here up to 8). Use that version, or another schema.',
      )
      await older.close()
    })
  })

  test('is not held up for long by a lock of somebody else, and loses no call by it', async () => {
    await worksAgain(store)
    const mine = { id: 'locked', limit: 100 }
    await store.budgets.reserve('first', [{ budget: mine, amount: 1 }], 60_000)
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(`BEGIN; LOCK TABLE ${schema}.windows IN ACCESS EXCLUSIVE MODE`)
    await expect(store.budgets.reserve('second', [{ budget: mine, amount: 1 }], 60_000)).rejects.toThrow(/PostgreSQL cannot be used/)
    await client.query('ROLLBACK')
    await client.end()
    await expect
      .poll(async () => (await store.budgets.reserve(nameOfReservation(), [{ budget: mine, amount: 1 }], 60_000)).granted)
      .toBe(true)
  })
})

describe.skipIf(findProgram('postgresql') === undefined)('the store in a PostgreSQL with a password', { timeout: 60_000 }, () => {
  const password = 'pa55:w@rd/of%the house'
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await preparePostgres({ password })
    await postgres.start()
  }, 60_000)
  afterAll(() => postgres.close())

  test('works, and shows it nowhere', async () => {
    const store = createPostgresStore({ url: postgres.url })
    await worksAgain(store)
    expect(inspect(store, { depth: 20, showHidden: true })).not.toMatch(/pa55/)
    await store.close()
  })

  test.each<[what: string, change: (url: string) => string, reason: string]>([
    ['is wrong', (url) => url.replace(/:[^:@]*@/, ':wr0ng-secret@'), 'the user or the password is wrong (28P01)'],
    ['is that of nobody', (url) => url.replace(/\/\/.*@/, '//someone:wr0ng-secret@'), 'the user or the password is wrong (28P01)'],
    ['is missing', (url) => url.replace(/:[^:@]*@/, '@'), 'it wants a password, and the address has none'],
    ['leads to no database', (url) => url.replace(/postgres$/, 'wr0ng-secret'), 'there is no such database (3D000)'],
  ])('rejects where it %s, and shows the address nowhere', async (_, change, reason) => {
    const store = createPostgresStore({ url: change(postgres.url) })
    for (const error of await failures(store)) {
      expect(error.message).toBe(`PostgreSQL cannot be used: ${reason}.`)
      expect(inspect(error, { depth: 20, showHidden: true }) + error.stack + JSON.stringify(error)).not.toMatch(/wr0ng|pa55|someone/)
    }
    await store.close()
  })
})

describe('the address of PostgreSQL', () => {
  test('is not repeated where it is wrong', () => {
    for (const url of [
      'postgres://:wr0ng@host:99999/db',
      'http://:wr0ng@host/db',
      'postgres://',
      'wr0ng',
      'postgres:wr0ng',
      'mysql://wr0ng@host',
      'postgres://host/db?sslmode=verify-full&sslrootcert=/nowhere/wr0ng.pem',
    ]) {
      try {
        createPostgresStore({ url })
        expect.unreachable(url)
      } catch (error) {
        expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/wr0ng/)
        expect((error as Error).message).toMatch(
          /^The address of PostgreSQL (?:is no URL of the form|names a file of TLS that cannot be read)/,
        )
      }
    }
  })

  test.each(['postgres://127.0.0.1:5432/db', { env: 'POSTGRES_URL' }, {}])(
    'says of %j in place of its options how they are written',
    (options) => {
      const open = (): unknown => createPostgresStore(options as unknown as Parameters<typeof createPostgresStore>[0])
      expect(open).toThrow(
        "The address of PostgreSQL is missing. Write it as a text: { postgres: { url: 'postgres://user:password@host:5432/database' } }.",
      )
    },
  )

  test.each(['', 'Postern', 'pg_postern', '1st', 'a"; DROP SCHEMA public; --', 'x'.repeat(64)])('has no schema called "%s"', (schema) => {
    expect(() => createPostgresStore({ url: 'postgres://127.0.0.1/db', schema })).toThrow(/The schema of PostgreSQL is no name/)
  })

  test('may be one where something else answers, or nothing at all', { timeout: 60_000 }, async () => {
    const sockets: Socket[] = []
    for (const answer of ['HTTP/1.1 400 Bad Request\r\n\r\n', '\0\x01\x02garbage', 'E\0\0\0\x0dMwr0ng\0\0', '']) {
      const server = createServer((socket) => {
        sockets.push(socket)
        socket.on('error', () => {})
        socket.on('data', () => socket.write(answer, 'latin1'))
      })
      const origin = await listenAnywhere(server)
      const store = createPostgresStore({ url: `${origin.replace('http:', 'postgres:')}/db` })
      for (const error of await failures(store)) {
        expect(error.message).toMatch(/^PostgreSQL cannot be used: /)
        expect(error.message).not.toContain('wr0ng')
      }
      await store.close()
      for (const socket of sockets.splice(0)) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  })

  test('may name a host that does not exist', async () => {
    const store = createPostgresStore({ url: 'postgres://nowhere.invalid:5432/db' })
    for (const error of await failures(store)) expect(error.message).toMatch(/^PostgreSQL cannot be used: /)
    await store.close()
  })
})
