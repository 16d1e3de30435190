import { type Budget, type Budgets, createMemoryStore, type EntryKeeping, type Ledger, type LedgerEntry } from '@postern/ports'
import { Reservations } from '@postern/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const budget: Budget = { id: 'b', limit: 10 }
const minute = 60_000

const entry: LedgerEntry = {
  time: '2026-11-27T12:00:00.000Z',
  request_id: '_._.A1.1',
  attempt: 1,
  method: 'POST',
  path: '/v1/chat/completions',
  status: 200,
  finish: 'complete',
  duration_ms: 5,
}
const note = JSON.stringify(entry)

interface Kept {
  readonly ledger: Ledger
  readonly given: { readonly entry: LedgerEntry; readonly keeping: EntryKeeping | undefined }[]
}

/** A ledger that stores nothing until a test says so. */
function createKept(keeps: boolean): Kept {
  const given: Kept['given'] = []
  const append: Ledger['append'] = (added, keeping) => void given.push({ entry: added, keeping })
  return { given, ledger: { ...(keeps ? { keeps: true } : {}), append, flush: () => Promise.resolve() } }
}

let budgets: Budgets
let offsetMs: number
const opened: Reservations[] = []
beforeEach(() => {
  offsetMs = 0
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() + offsetMs)
  // As a store that outlives its processes.
  budgets = { ...createMemoryStore().budgets, scope: 'shared' }
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map((all) => all.close()))
})

function begin({ ledger }: Kept, log: unknown[] = []): Reservations {
  const all = new Reservations(budgets, (level, message, facts) => void log.push([level, message, facts]), ledger)
  opened.push(all)
  return all
}

async function endOne(all: Reservations, text: string | undefined = note): Promise<EntryKeeping | undefined> {
  const reservation = { id: 'one', place: -1, atMs: Date.now() }
  await budgets.reserve('one', [{ budget, amount: 4 }], minute)
  all.add(reservation)
  const keeping = all.end(reservation, [], [3], text)
  await keeping?.booked
  return keeping
}

describe('the entry of a call that has ended', () => {
  test('stays in the store until the ledger has it, however long that takes, and no longer', async () => {
    const all = begin(createKept(true))
    const keeping = await endOne(all)
    expect(await budgets.look([budget])).toMatchObject([{ booked: 3, held: 0 }])
    for (let round = 0; round < 4; round += 1) {
      offsetMs += 30_000
      await all.round()
    }
    expect(await budgets.takeNotes(10, minute)).toEqual([])
    keeping?.done()
    await all.closeNotes()
    offsetMs += 2 * minute
    expect(await budgets.takeNotes(10, minute)).toEqual([])
  })

  test('is given by another process to its ledger, as found and known, if the first one dies', async () => {
    await endOne(begin(createKept(true)))
    offsetMs += minute + 1
    const [other, third] = [createKept(true), createKept(true)]
    const all = begin(other)
    await all.round()
    await begin(third).round()
    expect(other.given).toEqual([{ entry, keeping: expect.objectContaining({ isKnown: true }) }])
    expect(other.given[0]?.keeping?.mayBeThere()).toBe(true)
    expect(third.given).toEqual([])
    other.given[0]?.keeping?.done()
    await all.closeNotes()
    offsetMs += 2 * minute
    await begin(third).round()
    expect(third.given).toEqual([])
  })

  test('does not stay in the store where no ledger stores entries', async () => {
    await endOne(begin(createKept(false)), undefined)
    offsetMs += 2 * minute
    expect(await budgets.takeNotes(10, minute)).toEqual([])
  })

  test('may be in the ledger already if its process had no word from the store for too long', async () => {
    const all = begin(createKept(true))
    const soon = await endOne(all)
    expect(soon?.mayBeThere()).toBe(false)
    offsetMs += 30_000
    await all.round()
    expect(soon?.mayBeThere()).toBe(false)
    offsetMs += 50_000
    expect(soon?.mayBeThere()).toBe(true)
    await all.round()
    expect(soon?.mayBeThere()).toBe(true)
  })
})

describe('the note of a call that was under way when its process died', () => {
  const interrupted = { ...entry, finish: 'interrupted', status: 0 } as const

  test('is given to a ledger once, with a line in the log, also where the ledger stores nothing', async () => {
    await budgets.reserve('one', [{ budget, amount: 4 }], minute, undefined, JSON.stringify(interrupted))
    const [first, second, log] = [createKept(false), createKept(false), [] as unknown[]]
    await begin(first, log).round()
    expect(first.given).toEqual([])
    offsetMs += minute + 1
    await begin(first, log).round()
    await begin(second).round()
    offsetMs += 2 * minute
    await begin(second).round()
    expect(first.given).toEqual([{ entry: interrupted, keeping: undefined }])
    expect(second.given).toEqual([])
    expect(log.at(-1)).toEqual(['warn', 'calls of a process that ended are in the ledger as interrupted', { count: 1, first: 'one' }])
  })

  test('that no version could have written is dropped', async () => {
    await budgets.reserve('one', [{ budget, amount: 4 }], 0, undefined, '{"time":')
    const kept = createKept(true)
    const all = begin(kept)
    await all.round()
    await all.closeNotes()
    offsetMs += 2 * minute
    expect([kept.given, await budgets.takeNotes(10, minute)]).toEqual([[], []])
  })
})
