import type { EntryKeeping, KeptCount, LedgerCounts, LedgerEntry } from '@postern/ports'
import { createPostgresLedger } from '@postern/stores/postgres-ledger'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'

const inADay = Date.now() + 86_400_000

function countOf(window: string, amount: number, forgetsMs: number | undefined = inADay): KeptCount {
  return { window, amount, endsMs: forgetsMs === undefined ? undefined : forgetsMs - 1000, forgetsMs }
}

function entryOf(facts: Partial<LedgerEntry>): LedgerEntry {
  const time = new Date(Date.now() - 1000).toISOString()
  return { time, request_id: '_._.A1.1', attempt: 1, method: 'POST', path: '/', status: 200, finish: 'complete', duration_ms: 1, ...facts }
}

function keepingOf(counted: readonly KeptCount[], mayBeThere = false): EntryKeeping {
  return { booked: Promise.resolve(), done: () => {}, mayBeThere: () => mayBeThere, isKnown: false, counted }
}

describe.skipIf(findProgram('postgresql') === undefined)('the counts of a ledger in PostgreSQL', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await preparePostgres()
    await postgres.start()
  }, 60_000)
  afterAll(() => postgres.close())

  async function withLedger(schema: string, use: (ledger: ReturnType<typeof createPostgresLedger>, counts: LedgerCounts) => Promise<void>) {
    const ledger = createPostgresLedger({ url: postgres.url, schema })
    try {
      await use(ledger, ledger.counts as LedgerCounts)
    } finally {
      await ledger.close()
    }
  }

  test('are what its calls count as, whatever windows they are of', async () => {
    await withLedger('added', async (ledger, counts) => {
      void ledger.append(entryOf({ request_id: '_._.A1.1' }), keepingOf([countOf('x', 5), countOf('y', 1, undefined)]))
      void ledger.append(entryOf({ request_id: '_._.A2.1' }), keepingOf([countOf('x', 9_000_000_000_000_000)]))
      void ledger.append(entryOf({ request_id: '_._.A3.1' }))
      void ledger.append(entryOf({ request_id: '_._.A4.1' }), keepingOf([countOf('over', 3, Date.now() - 1000)]))
      await ledger.flush()
      expect(await counts.page(undefined)).toEqual([countOf('x', 9_000_000_000_000_005), countOf('y', 1, undefined)])
      expect(await counts.page('x')).toEqual([countOf('y', 1, undefined)])
      expect(await counts.page('y')).toEqual([])
    })
  })

  test('have of an interrupted call that ended after all what it counts as in the end, and a call once', async () => {
    await withLedger('once', async (ledger, counts) => {
      const { time } = entryOf({})
      const append = async (facts: Partial<LedgerEntry>, amount: number): Promise<void> => {
        void ledger.append(entryOf({ time, ...facts }), keepingOf([countOf('x', amount)], true))
        await ledger.flush()
      }
      await append({ finish: 'interrupted' }, 10)
      await append({ finish: 'interrupted' }, 10)
      expect(await counts.page(undefined)).toEqual([countOf('x', 10)])
      await append({ request_id: '_._.A1.2', attempt: 2 }, 4)
      await append({ finish: 'interrupted' }, 10)
      expect(await counts.page(undefined)).toEqual([countOf('x', 4)])
    })
  })

  test('know of which store they are, how far it has come, and what it had counted before', async () => {
    await withLedger('generation', async (ledger, counts) => {
      expect(await counts.generation()).toBeUndefined()
      void ledger.append(entryOf({}), keepingOf([countOf('x', 5)]))
      await ledger.flush()
      await counts.add([countOf('x', 7), countOf('z', 2)])
      await counts.begin({ generation: '1-a', serial: 3 })
      await counts.reached({ generation: '1-a', serial: 9 })
      await counts.reached({ generation: '1-a', serial: 4 })
      await counts.reached({ generation: '2-b', serial: 99 })
      expect(await counts.generation()).toEqual({ generation: '1-a', serial: 9 })
      expect(await counts.page(undefined)).toEqual([countOf('x', 7), countOf('z', 2)])
    })
  })
})
