import { deepEqual, equal, rejects } from 'node:assert/strict'
import type { CallsQuestion, LedgerEntry, UsageField, UsageQuestion } from '@postern/ports'
import type { KeptLedger } from './ledger-book.js'
import { ledgerOnceSentences } from './ledger-once.js'
import { asks, dayMs, entryOf, someDay } from './ledger-sample.js'
import type { Sentence } from './sentence.js'

async function append({ ledger }: KeptLedger, ...appended: readonly LedgerEntry[]): Promise<void> {
  for (const entry of appended) await ledger.append(entry)
  await ledger.flush()
}

/** What every ledger with a reader does. */
export const ledgerSuite: readonly Sentence<KeptLedger>[] = [
  {
    title: 'adds up calls, tokens and costs by the fields that are asked for',
    async run(open) {
      const kept = await open()
      const usage = { input: 10, output: 4, cached: 3, reasoning: 2, source: 'answer' } as const
      const cost = { amount: 0.1, unit: 'USD' }
      await append(
        kept,
        entryOf({ team: 'acme', model: 'a', usage, cost }),
        entryOf({ team: 'acme', model: 'a', usage, cost: { amount: 0.2, unit: 'USD' } }),
        entryOf({ team: 'acme', model_requested: 'b', finish: 'refused', attempt: 0, status: 403 }),
        entryOf({ model: 'a', finish: 'upstream_error', status: 500, cost: { amount: 5, unit: 'credits' } }),
      )
      const rows = await kept.reader.usage(asks({ by: ['team', 'model'] }))
      const none = {
        failed: 0,
        refused: 0,
        input: 0,
        output: 0,
        cached: 0,
        reasoning: 0,
        estimated: 0,
        withoutUsage: 0,
        withoutCost: 0,
        costs: [],
      }
      deepEqual(rows, [
        { ...none, group: { model: 'a' }, calls: 1, failed: 1, withoutUsage: 1, costs: [{ unit: 'credits', amount: 5_000_000_000n }] },
        {
          ...none,
          group: { team: 'acme', model: 'a' },
          calls: 2,
          input: 20,
          output: 8,
          cached: 6,
          reasoning: 4,
          costs: [{ unit: 'USD', amount: 300_000_000n }],
        },
        { ...none, group: { team: 'acme', model: 'b' }, calls: 1, refused: 1 },
      ])
    },
  },
  {
    title: 'tells the calls of a workflow that are of one team, or of nobody’s',
    async run(open) {
      const kept = await open()
      await append(
        kept,
        entryOf({ workflow: 'shared-name', team: 'acme' }),
        entryOf({ workflow: 'shared-name', team: 'globex' }),
        entryOf({ workflow: 'shared-name', team: 'acme' }),
        entryOf({ workflow: 'shared-name' }),
        entryOf({ workflow: 'another', team: 'acme' }),
      )
      const teamsOf = async (team: string): Promise<readonly unknown[]> => {
        const { calls, total } = await kept.reader.workflow('shared-name', { team })
        return [total, ...calls.map((call) => call.team)]
      }
      deepEqual(await teamsOf('acme'), [2, 'acme', 'acme'])
      deepEqual(await teamsOf('globex'), [1, 'globex'])
      deepEqual(await teamsOf(''), [1, undefined])
      deepEqual(await teamsOf('nobody'), [0])
      deepEqual((await kept.reader.workflow('shared-name')).total, 4)
    },
  },
  {
    title: 'never adds amounts of different units, and adds large amounts exactly',
    async run(open) {
      const kept = await open()
      const large = 9_000_000.1234567
      await append(
        kept,
        ...Array.from({ length: 1100 }, () => entryOf({ cost: { amount: large, unit: 'TRY' } })),
        entryOf({ cost: { amount: 1e-9, unit: 'TRY' } }),
        entryOf({ cost: { amount: 2, unit: 'USD' } }),
      )
      const [row] = await kept.reader.usage(asks())
      deepEqual(row?.costs, [
        { unit: 'TRY', amount: 1100n * 9_000_000_123_456_700n + 1n },
        { unit: 'USD', amount: 2_000_000_000n },
      ])
      deepEqual(await kept.reader.usage(asks({ sinceMs: someDay - 5, by: ['step'] })), [{ ...row, group: {} }])
    },
  },
  {
    title: 'counts a call in the time in which it arrived, to the millisecond',
    async run(open) {
      const kept = await open()
      const times = [someDay - 1, someDay, someDay + 1, someDay + dayMs - 1, someDay + dayMs, someDay + 20 * dayMs]
      await append(kept, ...times.map((atMs) => entryOf({ atMs })))
      const callsIn = async (sinceMs: number, untilMs: number): Promise<number> =>
        (await kept.reader.usage(asks({ sinceMs, untilMs })))[0]?.calls ?? 0
      equal(await callsIn(someDay, someDay + dayMs), 3)
      equal(await callsIn(someDay + 1, someDay + dayMs), 2)
      equal(await callsIn(someDay, someDay + 1), 1)
      equal(await callsIn(someDay - 1, someDay + dayMs + 1), 5)
      equal(await callsIn(0, someDay + 300 * dayMs), 6)
      equal(await callsIn(someDay + 1, someDay + 1), 0)
      equal(await callsIn(someDay + 2 * dayMs, someDay + 3 * dayMs), 0)
    },
  },
  {
    title: 'leaves out requests that asked Postern itself, whether it answered or refused them, since they are no calls',
    async run(open) {
      const kept = await open()
      await append(
        kept,
        entryOf({ attempt: 0, own: true, path: '/session' }),
        entryOf({ attempt: 0, own: true, path: '/admin/v1/usage', finish: 'refused', status: 401 }),
        entryOf({ attempt: 0, finish: 'client_closed', status: 499 }),
      )
      equal((await kept.reader.usage(asks()))[0]?.calls, 1)
    },
  },
  {
    title: 'tells calls without a value apart from all others, and finds them by the empty text',
    async run(open) {
      const kept = await open()
      await append(kept, entryOf({ team: 'acme', step: 'plan' }), entryOf({}), entryOf({ step: 'plan' }))
      const callsOf = async (only: NonNullable<UsageQuestion['only']>): Promise<number> =>
        (await kept.reader.usage(asks({ only })))[0]?.calls ?? 0
      equal(await callsOf({ team: '' }), 2)
      equal(await callsOf({ team: 'acme' }), 1)
      equal(await callsOf({ step: '' }), 1)
      equal(await callsOf({ team: '', step: 'plan' }), 1)
      equal(await callsOf({ team: "acme' OR 1=1 --" }), 0)
    },
  },
  {
    title: 'gives the calls of a workflow in their order, with the attempts that failed',
    async run(open) {
      const kept = await open()
      const earlier = [
        { attempt: 1, code: 'gateway_rate_limited', cause: undefined },
        { attempt: 2, code: 'gateway_unreachable', cause: 'refused' },
      ]
      const who = { user: 'u', team: 't', project: 'p', key: 'k', gateway: 'g', model: 'm', workflow: 'run' }
      const later = entryOf({
        ...who,
        atMs: someDay + 5,
        step: 'b',
        parent_step: 'a',
        attempt: 3,
        earlier,
        code: 'gateway_error',
        status: 502,
      })
      const first = entryOf({ workflow: 'run', usage: { input: 1, output: 2, source: 'stream' }, cost: { amount: 0.5, unit: 'USD' } })
      await append(kept, later, first, entryOf({ workflow: 'another' }))
      const { calls, total } = await kept.reader.workflow('run')
      equal(total, 2)
      const common = { durationMs: 12.5, finish: 'complete' }
      const { workflow: _, ...names } = who
      deepEqual(calls, [
        {
          ...common,
          requestId: first.request_id,
          startMs: someDay,
          status: 200,
          earlier: [],
          input: 1,
          output: 2,
          cost: { unit: 'USD', amount: 500_000_000n },
        },
        {
          ...common,
          ...names,
          requestId: later.request_id,
          startMs: someDay + 5,
          step: 'b',
          parentStep: 'a',
          status: 502,
          code: 'gateway_error',
          earlier: earlier.map(({ attempt, code }) => ({ attempt, code })),
        },
      ])
      deepEqual(await kept.reader.workflow('nobody knows it'), { calls: [], total: 0 })
    },
  },
  {
    title: 'gives single calls, the last ones first, by what they ended with and by their request id',
    async run(open) {
      const kept = await open()
      const refused = { finish: 'refused', attempt: 0, status: 429, code: 'rate_limited', team: 'acme' } as const
      await append(
        kept,
        entryOf({ atMs: someDay + 1, team: 'acme', via: 'session', caller: 'session:s-1', workflow: 'run', request_id: 'first' }),
        entryOf({ ...refused, atMs: someDay + 2, request_id: 'second' }),
        entryOf({ atMs: someDay + 3, finish: 'truncated', request_id: 'third' }),
        entryOf({ ...refused, atMs: someDay + 4, request_id: 'fourth' }),
        entryOf({ atMs: someDay + 5, own: true, request_id: 'of Postern itself' }),
        entryOf({ atMs: someDay + dayMs, request_id: 'of the next day' }),
      )
      const ids = async (question: Partial<CallsQuestion>): Promise<readonly string[]> =>
        (await kept.reader.calls({ sinceMs: someDay, untilMs: someDay + dayMs, most: 10, ...question })).map(({ requestId }) => requestId)
      deepEqual(await ids({}), ['fourth', 'third', 'second', 'first'])
      deepEqual(await ids({ most: 2 }), ['fourth', 'third'])
      deepEqual(await ids({ ended: 'refused' }), ['fourth', 'second'])
      deepEqual(await ids({ ended: 'failed' }), ['third'])
      deepEqual(await ids({ only: { code: 'rate_limited', team: 'acme' }, untilMs: someDay + 4 }), ['second'])
      deepEqual(await ids({ only: { code: '' } }), ['third', 'first'])
      deepEqual(await ids({ requestId: 'second' }), ['second'])
      deepEqual(await ids({ requestId: "' OR 1=1 --" }), [])
      const [call] = await kept.reader.calls({ sinceMs: someDay, untilMs: someDay + 2, most: 1 })
      deepEqual(call, {
        requestId: 'first',
        startMs: someDay + 1,
        durationMs: 12.5,
        team: 'acme',
        status: 200,
        finish: 'complete',
        earlier: [],
        workflow: 'run',
        method: 'POST',
        path: '/v1/chat/completions',
        via: 'session',
        caller: 'session:s-1',
      })
    },
  },
  {
    title: 'says how far it is, and ends with the whole',
    async run(open) {
      const kept = await open()
      await append(kept, ...[0, 1, 2].map((day) => entryOf({ atMs: someDay + day * dayMs + 7, step: 's' })))
      const told: number[] = []
      await kept.reader.usage(asks({ untilMs: someDay + 3 * dayMs, by: ['step'] }), (done) => told.push(done))
      equal(told.at(-1), 1)
      deepEqual(
        told,
        told.toSorted((one, other) => one - other),
      )
    },
  },
  ...ledgerOnceSentences,
]

/** What every reader in a file does that memory cannot. */
export const ledgerReaderSuite: readonly Sentence<KeptLedger>[] = [
  {
    title: 'refuses what is no field, so that no text of a question comes into a query',
    async run(open) {
      const { reader } = await open()
      await rejects(reader.usage(asks({ by: ['time FROM calls; --' as UsageField] })), /There is no field/)
      await rejects(
        reader.calls({ ...asks({ only: { '1=1 OR user': 'x' } as NonNullable<UsageQuestion['only']> }), most: 1 }),
        /There is no field/,
      )
      await rejects(reader.calls({ ...asks(), most: 0.5 }), /whole number above 0/)
      await rejects(reader.usage(asks({ only: { '1=1 OR user': 'x' } as NonNullable<UsageQuestion['only']> })), /There is no field/)
    },
  },
  {
    title: 'answers no question after it was closed',
    async run(open) {
      const { reader } = await open()
      await reader.close()
      await rejects(reader.workflow('run'), /closed/)
    },
  },
]
