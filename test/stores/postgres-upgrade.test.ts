import type { LedgerEntry } from '@postern/ports'
import { createPostgresStore } from '@postern/stores'
import { createPostgresLedger, createPostgresLedgerReader } from '@postern/stores/postgres-ledger'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patientMs } from '../support/patient.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'
import { untilReady } from '../support/until-ready.js'

/** Makes of tables with notes what the version before had. */
const back = `
  DROP TABLE postern.notes, postern.ring_uses;
  DROP FUNCTION postern.ring_add_uses(jsonb);
  DROP FUNCTION postern.ring_change(jsonb, jsonb, jsonb, text[], text[]);
  DROP FUNCTION postern.reserve(
    text[], bigint[], bigint[], text[], bigint[], integer[], integer[], numeric[], numeric[], bigint[], text[], text[]
  );
  DROP FUNCTION postern.settle(text[], integer[], numeric[], text[], bigint[]);
  DROP FUNCTION postern.take_notes(integer, bigint);
  DROP FUNCTION postern.drop_notes(text[], boolean[]);
  DROP FUNCTION postern.sweep(integer);
  ALTER FUNCTION postern.sweep_others(integer) RENAME TO sweep;
  DROP FUNCTION postern.append_once(uuid, jsonb, jsonb);
  DROP TABLE postern.counts, postern.counted_of;
  DROP FUNCTION postern.count_parts(jsonb, integer);
  DROP FUNCTION postern.delete_counts(bigint, integer);
  ALTER TABLE postern.calls DROP COLUMN counted;
  UPDATE postern.versions SET version = CASE part WHEN 'store' THEN 6 ELSE 1 END;
`

const budget = { id: 'b', limit: 10 }

function entryOf(facts: Partial<LedgerEntry>): LedgerEntry {
  const time = new Date().toISOString()
  return { time, request_id: '_._.A1.1', attempt: 1, method: 'POST', path: '/', status: 200, finish: 'complete', duration_ms: 1, ...facts }
}

describe.skipIf(findProgram('postgresql') === undefined)('tables in PostgreSQL of the version before notes of calls', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await preparePostgres()
    await postgres.start()
  }, 60_000)
  afterAll(() => postgres.close())

  test('are brought up to date with all that is held and stored, and a call is stored once from then on', async () => {
    const place = { url: postgres.url, answerMs: patientMs }
    const former = await untilReady(createPostgresStore(place))
    await former.budgets.reserve('long', [{ budget, amount: 1 }], 60_000)
    await former.budgets.reserve('short', [{ budget, amount: 2 }], 0)
    await former.close()
    const ledger = createPostgresLedger({ url: postgres.url })
    const interrupted = entryOf({ finish: 'interrupted', status: 0 })
    void ledger.append(interrupted)
    await ledger.close()
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(back)
    await client.end()

    const { budgets, close } = await untilReady(createPostgresStore(place))
    expect(await budgets.bookAbandoned(10)).toEqual(['short'])
    expect(await budgets.look([budget])).toMatchObject([{ booked: 2, held: 1 }])
    expect(await budgets.settle('long', [1], { text: 'now', leaseMs: 0 })).toMatchObject([{ booked: 3, held: 0 }])
    expect(await budgets.takeNotes(10, 60_000)).toEqual([{ id: 'long', isSettled: true, text: 'now' }])
    await close()
    const next = createPostgresLedger({ url: postgres.url })
    const found = { booked: Promise.resolve(), done: () => {}, mayBeThere: () => true, isKnown: true }
    void next.append(entryOf({ time: interrupted.time, request_id: '_._.A1.2', attempt: 2 }), found)
    await next.close()
    const reader = createPostgresLedgerReader({ url: postgres.url })
    expect(await reader.usage({ sinceMs: 0, untilMs: Date.now() + 60_000, by: [] })).toMatchObject([{ calls: 1, failed: 0 }])
    await reader.close()
  })
})
