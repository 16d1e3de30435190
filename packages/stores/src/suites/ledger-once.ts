import { deepEqual, equal } from 'node:assert/strict'
import type { EntryKeeping, LedgerEntry } from '@postern/ports'
import type { KeptLedger } from './ledger-book.js'
import { asks, entryOf, someDay } from './ledger-sample.js'
import type { Sentence } from './sentence.js'

/** How an entry stands in the store of a call that may be in the ledger already. */
function found(facts: Partial<EntryKeeping> = {}): EntryKeeping {
  return { booked: Promise.resolve(), done: () => {}, mayBeThere: () => true, isKnown: true, ...facts }
}

function spent(amount: number, facts: Partial<LedgerEntry> = {}): LedgerEntry {
  const usage = { input: 10, output: 2, source: 'answer' } as const
  return entryOf({ team: 'acme', workflow: 'run', request_id: 'run._.A1.1', cost: { amount, unit: 'USD' }, usage, ...facts })
}

const interrupted = (amount: number, facts: Partial<LedgerEntry> = {}): LedgerEntry =>
  entryOf({
    team: 'acme',
    workflow: 'run',
    request_id: 'run._.A1.1',
    finish: 'interrupted',
    status: 0,
    booked: 'assumed',
    estimated: { input: 50, output: 100, cost: { amount, unit: 'USD' } },
    ...facts,
  })

/** What is told of the calls of a team, of days and of hours alike. */
async function told({ ledger, reader }: KeptLedger): Promise<unknown> {
  await ledger.flush()
  const ofDay = await reader.usage(asks({ by: ['team'] }))
  const ofHours = await reader.usage(asks({ by: ['team'], sinceMs: someDay - 1, untilMs: someDay + 1 }))
  deepEqual(ofHours, ofDay)
  return ofDay.map(({ calls, failed, input, estimated, costs }) => [calls, failed, input, estimated, ...costs.map(({ amount }) => amount)])
}

/** What every ledger does with a call that its store has an entry of, too. */
export const ledgerOnceSentences: readonly Sentence<KeptLedger>[] = [
  {
    title: 'counts an interrupted call as one that failed, with what was set aside for it',
    async run(open) {
      const kept = await open()
      await kept.ledger.append(interrupted(0.5))
      deepEqual(await told(kept), [[1, 1, 50, 1, 500_000_000n]])
      const { calls } = await kept.reader.workflow('run')
      deepEqual(
        calls.map(({ finish, status, durationMs }) => [finish, status, durationMs]),
        [['interrupted', 0, 12.5]],
      )
    },
  },
  {
    title: 'has a call once that it may have already: the entry that is not interrupted, and of two such the first',
    async run(open) {
      const kept = await open()
      const append = async (entry: LedgerEntry, keeping?: EntryKeeping): Promise<unknown> => {
        await kept.ledger.append(entry, keeping)
        return told(kept)
      }
      await kept.ledger.append(spent(0.125, { request_id: 'run._.B2.1' }))
      deepEqual(await append(interrupted(0.5), found()), [[2, 1, 60, 1, 625_000_000n]])
      deepEqual(await append(interrupted(0.5), found()), [[2, 1, 60, 1, 625_000_000n]])
      const earlier = [{ attempt: 1, code: 'gateway_failed', cause: undefined }]
      deepEqual(await append(spent(0.25, { request_id: 'run._.A1.2', attempt: 2, earlier }), found()), [[2, 0, 20, 0, 375_000_000n]])
      deepEqual(await append(spent(0.25, { request_id: 'run._.A1.2', attempt: 2, earlier }), found()), [[2, 0, 20, 0, 375_000_000n]])
      deepEqual(await append(interrupted(0.5), found()), [[2, 0, 20, 0, 375_000_000n]])
      // Of the same millisecond, and another call.
      deepEqual(await append(interrupted(1, { request_id: 'run._.A11.1' }), found()), [[3, 1, 70, 1, 1_375_000_000n]])
    },
  },
  {
    title: 'stores an entry no earlier than its call is booked, and says once that it is done with it',
    async run(open) {
      const kept = await open()
      let book = (): void => {}
      const done: string[] = []
      const booked = new Promise<void>((resolve) => (book = resolve))
      void kept.ledger.append(spent(1), found({ booked, mayBeThere: () => false, isKnown: false, done: () => done.push('first') }))
      const isDone = new Promise<void>((resolve) => {
        const second = found({ done: () => (done.push('second'), resolve()) })
        void kept.ledger.append(spent(2, { request_id: 'run._.C3.1' }), second)
      })
      await isDone
      deepEqual(
        [await kept.reader.workflow('run').then(({ calls }) => calls.map(({ requestId }) => requestId)), done],
        [['run._.C3.1'], ['second']],
      )
      book()
      deepEqual(await told(kept), [[2, 0, 20, 0, 3_000_000_000n]])
      deepEqual(done, ['second', 'first'])
      equal(kept.ledger.keeps, true)
    },
  },
]
