import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createRedisStore, createSqliteStore } from '@postern/stores'
import { createClient } from '@redis/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

/** SHA-256 as base64url of what SQLite keeps a proof and a count under (`remembered:proof`, `counted:calls`), and Redis (`proof`, `calls`). */
const digests = {
  remembered: 'iAwc2NVO30CdU1ZPA4kQ2KG5esXVpLy2Z1N-2UixlRQ',
  counted: '0eJdeic75hqs6M8iZoTb3d7fAyrm6gZHno_QLCzJtlE',
  proof: 'wc2iY2KCi2kmZRIFK5fLNynjsFLkreR8Ch4zg97-c8c',
  calls: '9G9ZkOv63KsZkQcli52t2HEb15RtjQAJGhBz7_zyqEM',
}

/** The tables of version 1. Later versions add others and leave these as they are. */
const formerSchema = [
  'CREATE TABLE counted (key TEXT PRIMARY KEY, count INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  'CREATE INDEX counted_until ON counted (until)',
  `CREATE TABLE revocations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, until REAL NOT NULL
  ) STRICT`,
  'CREATE INDEX revocations_until ON revocations (until)',
]

interface Statement {
  run(...values: readonly unknown[]): unknown
  all(): readonly { readonly sql: string | null }[]
}

interface RawDatabase {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  close(): void
}

/** The tables of versions 4 and 6. */
const ringTables = ['ring_keys', 'ring_bindings', 'ring_batches', 'ring_changes', 'ring_uses']

const requireOfStores = createRequire(resolve(import.meta.dirname, '../../packages/stores/package.json'))
const Database = requireOfStores('libsql') as new (file: string) => RawDatabase
const inAMinute = (): number => Date.now() + 60_000

describe('a file of an earlier version', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-former-'))
    file = join(folder, 'store.db')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is read with all that it knows', async () => {
    const former = new Database(file)
    former.exec(`${formerSchema.join(';')}; PRAGMA application_id = 0x5073746e; PRAGMA user_version = 1`)
    former.prepare('INSERT INTO counted VALUES (?, ?, ?)').run(digests.remembered, 1, inAMinute())
    former.prepare('INSERT INTO counted VALUES (?, ?, ?)').run(digests.counted, 2, inAMinute())
    const insert = former.prepare('INSERT INTO revocations (kind, name, at, until) VALUES (?, ?, ?, ?)')
    for (const name of ['ada', 'bob']) insert.run('user', name, 1.5, inAMinute())
    former.close()

    const store = createSqliteStore({ file, owner: true })
    expect(await store.seen.add('proof', inAMinute())).toBe(false)
    expect(await store.counters.add('calls', inAMinute())).toBe(3)
    const { items, mark } = await store.revocations.after('1')
    expect(items).toMatchObject([{ kind: 'user', name: 'bob', at: 1.5 }])
    expect(mark).toBe('2')
    await store.close()
  })

  const tablesAfterOpening = async (of: string): Promise<readonly (string | null)[]> => {
    const store = createSqliteStore({ file: of })
    await store.close()
    const made = new Database(of)
    const tables = made.prepare("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY rowid").all()
    made.close()
    return tables.map(({ sql }) => sql)
  }

  test('gets the tables that a new file has more, and keeps budgets in them', async () => {
    const former = new Database(file)
    former.exec(`${formerSchema.join(';')}; PRAGMA application_id = 0x5073746e; PRAGMA user_version = 1`)
    former.close()
    const tables = await tablesAfterOpening(file)
    expect(tables.slice(0, formerSchema.length)).toEqual(formerSchema)
    expect(tables.length).toBeGreaterThan(formerSchema.length)
    expect(tables).toEqual(await tablesAfterOpening(join(folder, 'new.db')))
    const { budgets, close } = createSqliteStore({ file })
    expect(await budgets.reserve('r', [{ budget: { id: 'b', limit: 1 }, amount: 1 }], 1000)).toMatchObject({ granted: true })
    await close()
  })

  test('of the second version gets the locks and the key ring that later ones have more, and keeps its budgets', async () => {
    const made = createSqliteStore({ file })
    expect(await made.budgets.reserve('r', [{ budget: { id: 'b', limit: 1 }, amount: 1 }], 60_000)).toMatchObject({ granted: true })
    await made.close()
    const former = new Database(file)
    former.exec(
      `ALTER TABLE reservations DROP COLUMN note; DROP TABLE locks; ${ringTables.map((table) => `DROP TABLE ${table};`).join('')} PRAGMA user_version = 2`,
    )
    former.close()
    expect(await tablesAfterOpening(file)).toEqual(await tablesAfterOpening(join(folder, 'new.db')))
    const { budgets, locks, close } = createSqliteStore({ file })
    expect(await locks.take('k', 'one', inAMinute())).toBe('one')
    expect(await budgets.reserve('s', [{ budget: { id: 'b', limit: 1 }, amount: 1 }], 1000)).toMatchObject({ granted: false })
    await close()
  })
})

describe('a file of the version before notes of calls', () => {
  test('keeps what is held there until its lease is over, since a process of that version may still finish its calls', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-former-'))
    const file = join(folder, 'store.db')
    const budget = { id: 'b', limit: 10 }
    const made = createSqliteStore({ file })
    await made.budgets.reserve('long', [{ budget, amount: 1 }], 60_000)
    await made.budgets.reserve('short', [{ budget, amount: 2 }], 0)
    await made.close()
    const former = new Database(file)
    former.exec('ALTER TABLE reservations DROP COLUMN note; DROP TABLE ring_uses; PRAGMA user_version = 4')
    former.close()
    const { budgets, close } = createSqliteStore({ file, owner: true })
    expect(await budgets.bookAbandoned(10)).toEqual(['short'])
    expect(await budgets.look([budget])).toMatchObject([{ booked: 2, held: 1 }])
    expect(await budgets.takeNotes(10, 1000)).toEqual([])
    expect(await budgets.settle('long', [1], { text: 'now', leaseMs: 0 })).toMatchObject([{ booked: 3, held: 0 }])
    expect(await budgets.takeNotes(10, 1000)).toEqual([{ id: 'long', isSettled: true, text: 'now' }])
    await close()
    rmSync(folder, { recursive: true })
  })
})

describe.skipIf(findProgram('redis-server') === undefined)('a Redis that an earlier version wrote to', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await prepareRedis()
    await redis.start()
  })
  afterEach(() => redis.close())

  test('is read with all that it knows, and written to in the same form', async () => {
    const onlooker = await createClient({ url: redis.url }).connect()
    const send = (...command: string[]): Promise<unknown> => onlooker.sendCommand(command)
    await send('SET', `postern:remembered:${digests.proof}`, '1', 'PX', '60000')
    await send('SET', `postern:counted:${digests.calls}`, '2', 'PX', '60000')
    await send('XADD', 'postern:revocations', '7-0', 'kind', 'user', 'name', 'ada', 'at', '1.5', 'until', '2000000000000')

    const store = createRedisStore({ url: redis.url })
    expect(await store.seen.add('proof', inAMinute())).toBe(false)
    expect(await store.counters.add('calls', inAMinute())).toBe(3)
    const { items, mark } = await store.revocations.after()
    expect(items).toEqual([{ kind: 'user', name: 'ada', at: 1.5, until: 2_000_000_000_000 }])
    expect(mark).toBe('7-0')
    await store.revocations.append({ kind: 'id', name: 'x', at: 1, until: 2_000_000_000_001 })
    const written = (await send('XRANGE', 'postern:revocations', '(7-0', '+')) as readonly (readonly [string, readonly string[]])[]
    expect(written.map(([, fields]) => fields)).toEqual([['kind', 'id', 'name', 'x', 'at', '1', 'until', '2000000000001']])
    await store.close()
    onlooker.destroy()
  })
})
