import { deepEqual } from 'node:assert/strict'
import { type UsageFilter, type UsageQuestion, usageFields, usageFilters } from '@postern/ports'
import { createLedgerBook, type KeptLedger } from './ledger-book.js'
import { dayMs, entryOf, someDay } from './ledger-sample.js'
import type { Sentence } from './sentence.js'

/** Numbers that follow from a seed (mulberry32), so that a run can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below
  }
}

/** Compares a ledger with the book, by random entries and questions. */
export function ledgerAgreesWithBook(seed: number, count: number): Sentence<KeptLedger> {
  return {
    title: `agrees with a plain book about ${count} random entries (seed ${seed})`,
    async run(open) {
      const kept = await open()
      const book = createLedgerBook()
      const random = randomOf(seed)
      const whole = (below: number): number => Math.floor(random(below))
      const pick = <Value>(...values: readonly Value[]): Value => values[whole(values.length)] as Value
      for (let made = 0; made < count; made += 1) {
        const entry = randomEntry(pick, whole, random)
        await kept.ledger.append(entry)
        await book.ledger.append(entry)
      }
      await kept.ledger.flush()
      for (let asked = 0; asked < 60; asked += 1) {
        const sinceMs = someDay + whole(4) * dayMs + pick(0, 0, whole(dayMs))
        const question: UsageQuestion = {
          sinceMs,
          untilMs: sinceMs + pick(whole(dayMs), dayMs, 2 * dayMs, 12 * dayMs),
          by: usageFields.filter(() => whole(4) === 0),
          only: Object.fromEntries(
            usageFilters.filter(() => whole(8) === 0).map((field): [UsageFilter, string] => [field, pick('', 'x', 'y')]),
          ),
        }
        deepEqual(await kept.reader.usage(question), await book.reader.usage(question), JSON.stringify(question))
        if (asked % 4 > 0) continue
        const { untilMs, only } = question
        const single = { sinceMs, untilMs, only: only ?? {}, ended: pick(undefined, 'refused', 'failed'), most: 1 + whole(20) } as const
        deepEqual(await kept.reader.calls(single), await book.reader.calls(single), JSON.stringify(single))
      }
    },
  }
}

function randomEntry(
  pick: <Value>(...values: readonly Value[]) => Value,
  whole: (below: number) => number,
  random: (below: number) => number,
) {
  const name = (): string | undefined => pick(undefined, 'x', 'y', 'a name with ü and 語')
  const tokens = (): number | undefined => pick(undefined, 0, whole(100_000))
  const parts = { input: tokens(), output: tokens(), cached: tokens(), reasoning: tokens() }
  const usage = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))
  return entryOf({
    atMs: someDay + pick(whole(9) * dayMs, whole(9 * dayMs)),
    user: name(),
    team: name(),
    project: name(),
    key: name(),
    gateway: name(),
    model: name(),
    model_requested: name(),
    workflow: name(),
    step: name(),
    code: name(),
    caller: name(),
    attempt: pick(0, 1, 2),
    own: pick(undefined, undefined, undefined, true),
    finish: pick('complete', 'refused', 'upstream_error', 'truncated', 'client_closed', 'cut_budget'),
    usage: pick(undefined, { ...usage, source: 'answer' }),
    estimated: pick(undefined, undefined, { input: whole(1000), output: whole(1000) }, { cost: { amount: random(10), unit: 'USD' } }),
    cost: pick(undefined, { amount: pick(0, random(1e-6), random(10), random(1e6)), unit: pick('USD', 'credits', 'TRY') }),
  })
}
