import { randomUUID } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { LedgerEntry, LedgerReader } from '@postern/ports'
import { createPostgresLedger, createPostgresLedgerReader, type PostgresLedger } from '@postern/stores/postgres-ledger'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'

const dayMs = 86_400_000

describe.skipIf(findProgram('postgresql') === undefined)('the ledger in PostgreSQL', { timeout: 60_000 }, () => {
  let postgres: PostgresServer
  let schema: string
  let lines: (readonly [level: string, message: string, facts: unknown])[]
  let opened: { close(): Promise<void> }[]

  beforeAll(async () => {
    postgres = await preparePostgres()
    await postgres.start()
  }, 60_000)
  afterAll(() => postgres.close())
  beforeEach(() => {
    schema = `s${randomUUID().replaceAll('-', '')}`
    lines = []
    opened = []
  })
  afterEach(async () => {
    for (const each of opened) await each.close()
  })

  function open(options: { readonly keepMs?: number; readonly slowAt?: number } = {}): PostgresLedger {
    const log = (level: string, message: string, facts: unknown): void => void lines.push([level, message, facts])
    const ledger = createPostgresLedger({ url: postgres.url, schema, ...options, log })
    opened.push(ledger)
    return ledger
  }

  function read(): LedgerReader {
    const reader = createPostgresLedgerReader({ url: postgres.url, schema })
    opened.push(reader)
    return reader
  }

  let made = 0
  function entryOf(facts: Partial<LedgerEntry> = {}): LedgerEntry {
    made += 1
    const time = new Date().toISOString()
    return {
      time,
      request_id: `id-${made}`,
      attempt: 1,
      method: 'POST',
      path: '/v1/x',
      status: 200,
      finish: 'complete',
      duration_ms: 1,
      ...facts,
    }
  }

  async function callsIn(reader: LedgerReader): Promise<number> {
    return (await reader.usage({ sinceMs: 0, untilMs: Date.now() + dayMs, by: [] }))[0]?.calls ?? 0
  }

  async function query<Found extends pg.QueryResultRow>(text: string): Promise<readonly Found[]> {
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    try {
      return (await client.query<Found>(text)).rows
    } finally {
      await client.end()
    }
  }

  const messages = (): readonly string[] => lines.map(([, message]) => message)

  test('has every row once that two processes write at the same time, with the same names in other orders', async () => {
    const [one, other] = [open(), open()]
    for (let count = 0; count < 3000; count += 1) {
      void one.append(entryOf({ team: `t${count % 7}`, user: `u${count % 11}`, cost: { amount: 0.001, unit: 'USD' } }))
      void other.append(entryOf({ team: `t${6 - (count % 7)}`, user: `u${10 - (count % 11)}`, cost: { amount: 0.001, unit: 'USD' } }))
    }
    await Promise.all([one.flush(), other.flush()])
    const reader = read()
    expect(await reader.usage({ sinceMs: 0, untilMs: Date.now() + dayMs, by: [] })).toMatchObject([
      { calls: 6000, costs: [{ unit: 'USD', amount: 6_000_000_000n }] },
    ])
    expect(messages()).toEqual([])
  })

  test.each<[what: string, disturb: () => Promise<void>]>([
    [
      'was killed and started again',
      async () => {
        await postgres.stop()
        await postgres.start()
      },
    ],
    [
      'was shut down and started again',
      async () => {
        await postgres.shutDown()
        await postgres.start()
      },
    ],
    [
      'lost its connections',
      async () => {
        await query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postern'")
      },
    ],
  ])('loses no row and has none twice where the database %s while rows come', async (_, disturb) => {
    const ledger = open()
    let sent = 0
    const state = { isOver: false }
    const sending = (async () => {
      while (!state.isOver) {
        for (let count = 0; count < 5; count += 1) {
          sent += 1
          await ledger.append(entryOf({ team: `t${sent % 5}` }))
        }
        await new Promise((done) => setTimeout(done, 5))
      }
    })()
    for (let time = 0; time < 2; time += 1) {
      await new Promise((done) => setTimeout(done, 300))
      await disturb()
    }
    await new Promise((done) => setTimeout(done, 300))
    state.isOver = true
    await sending
    const reader = read()
    await expect.poll(() => callsIn(reader), { timeout: 20_000 }).toBe(sent)
    const [found] = await query<{ rows: number; ids: number }>(
      `SELECT count(*)::integer AS rows, count(DISTINCT request_id)::integer AS ids FROM ${schema}.calls`,
    )
    expect(found).toEqual({ rows: sent, ids: sent })
    expect(messages()).not.toContain('ledger_rows_lost')
  })

  test('writes a group once although the answer to it was lost on the way', async () => {
    let cuts = 0
    const passage = createServer((client) => {
      const server = connect(postgres.port, '127.0.0.1')
      for (const socket of [client, server]) socket.on('error', () => {})
      client.on('close', () => server.destroy())
      server.on('close', () => client.destroy())
      client.pipe(server)
      server.on('data', (answer) => {
        // The database has committed, and whoever asked never hears of it.
        if (cuts > 0 && answer.includes('append_calls')) {
          cuts -= 1
          client.destroy()
        } else client.write(answer)
      })
    })
    const { port } = new URL(await listenAnywhere(passage))
    const ledger = createPostgresLedger({
      url: postgres.url.replace(String(postgres.port), port),
      schema,
      log: (level, message, facts) => void lines.push([level, message, facts]),
    })
    void ledger.append(entryOf())
    await ledger.flush()
    cuts = 2
    void ledger.append(entryOf({ team: 'once', cost: { amount: 2, unit: 'USD' } }))
    const reader = read()
    await expect.poll(messages, { timeout: 15_000 }).toEqual(['ledger_unavailable', 'ledger_available_again'])
    expect(cuts).toBe(0)
    expect(await reader.usage({ sinceMs: 0, untilMs: Date.now() + dayMs, by: ['team'] })).toMatchObject([
      { group: {}, calls: 1 },
      { group: { team: 'once' }, calls: 1, costs: [{ unit: 'USD', amount: 2_000_000_000n }] },
    ])
    await ledger.close()
    passage.close()
  })

  test('keeps rows while the database is gone, loses and counts what is too many, and says each once', async () => {
    const ledger = open({ slowAt: 100 })
    void ledger.append(entryOf())
    await ledger.flush()
    await postgres.stop()
    void ledger.append(entryOf())
    await expect.poll(messages, { timeout: 15_000 }).toEqual(['ledger_unavailable'])
    for (let count = 0; count < 250; count += 1) expect(ledger.append(entryOf())).toBeUndefined()
    await ledger.flush()
    await postgres.start()
    await expect.poll(messages, { timeout: 15_000 }).toEqual(['ledger_unavailable', 'ledger_rows_lost', 'ledger_available_again'])
    expect(lines.at(-1)?.[2]).toEqual({ postgres: schema, lost: 51 })
    await ledger.flush()
    expect(await callsIn(read())).toBe(201)
  })

  test('slows callers before it loses a row, where the database is slow', async () => {
    const ledger = open({ slowAt: 100 })
    await ledger.append(entryOf())
    await ledger.flush()
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(`BEGIN; LOCK TABLE ${schema}.sums IN ACCESS EXCLUSIVE MODE`)
    let slowed: void | Promise<void>
    let sent = 1
    while ((slowed = ledger.append(entryOf())) === undefined) sent += 1
    expect(sent).toBe(100)
    await client.query('COMMIT')
    await client.end()
    await slowed
    await ledger.flush()
    expect(await callsIn(read())).toBe(101)
    expect(messages()).toEqual([])
  })

  test('takes texts of any form and length, cut and without what PostgreSQL does not keep', async () => {
    const ledger = open()
    const long = '語'.repeat(2000)
    const odd = `a\0b\uD800c'"\\u0000{}`
    for (const text of [long, odd, '', "'; DROP TABLE calls; --"])
      void ledger.append(
        entryOf({ user: text, team: text, project: text, key: text, gateway: text, model: text, workflow: 'w', step: text, code: text }),
      )
    await ledger.flush()
    const { calls } = await read().workflow('w')
    expect(calls.map(({ user }) => user)).toEqual(['語'.repeat(512), `a\uFFFDb\uFFFDc'"\\u0000{}`, undefined, "'; DROP TABLE calls; --"])
    expect(messages()).toEqual([])
  })

  test('loses whole days that are older than keep, with their sums, attempts and names, while two processes delete', async () => {
    const old = new Date(Date.now() - 9 * dayMs).toISOString()
    const first = open()
    const earlier = [{ attempt: 1, code: 'gateway_unreachable', cause: undefined }]
    for (let count = 0; count < 5000; count += 1) void first.append(entryOf({ time: old, team: `old${count % 10}`, earlier }))
    void first.append(entryOf({ team: 'new', earlier }))
    await first.close()
    open({ keepMs: 7 * dayMs })
    open({ keepMs: 7 * dayMs })
    const counts = ['calls', 'sums', 'attempts', 'who'].map((table) => `(SELECT count(*)::integer FROM ${schema}.${table})`)
    await expect
      .poll(async () => (await query<{ rows: number[] }>(`SELECT ARRAY[${counts.join(', ')}] AS rows`))[0]?.rows, { timeout: 20_000 })
      .toEqual([1, 1, 1, 1])
    expect(await callsIn(read())).toBe(1)
  })

  test('that no process has written is not created by a question', async () => {
    await expect(callsIn(read())).rejects.toThrow(
      `There is no ledger in the schema ${schema} of PostgreSQL: no process has written one yet.`,
    )
    expect(await query(`SELECT 1 AS found FROM pg_namespace WHERE nspname = '${schema}'`)).toEqual([])
  })

  test('says why a question has no answer, without the address', async () => {
    const reader = createPostgresLedgerReader({ url: 'postgres://someone:wr0ng@127.0.0.1:9/db' })
    opened.push(reader)
    await expect(callsIn(reader)).rejects.toThrow(/^The ledger in PostgreSQL cannot be read: E[A-Z]+\.$/)
  })

  test('holds no content, no cause and no address of a caller', async () => {
    const columns = await query<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = '${schema}'`,
    )
    expect(columns).toEqual([])
    const ledger = open()
    void ledger.append(entryOf({ cause: 'a cause of somebody', refused: 'a host of somebody', client_request_id: 'an id of somebody' }))
    await ledger.flush()
    const [row] = await query<{ text: string }>(`SELECT calls::text AS text FROM ${schema}.calls`)
    expect(row?.text).not.toContain('somebody')
  })
})
