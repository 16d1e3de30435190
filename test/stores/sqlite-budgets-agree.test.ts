import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Budget, type Budgets, createMemoryStore } from '@postern/ports'
import { openStore } from '@postern/stores'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-agree-'))
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 28, 12) })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

const budgets: readonly Budget[] = [
  { id: 'requests', limit: 40, per: 'minute' },
  { id: 'tokens', limit: 900, per: 'hour' },
  { id: 'spend', limit: 5_000 },
  { id: 'streams', limit: 12, onlyHeld: true },
]

/** Numbers that look random and are the same each time. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

/** What is asked of a store: one of many things, of calls that came before or not. */
function drawQuestion(random: (below: number) => number, ids: string[]): (store: Budgets) => Promise<unknown> {
  const known = ids[random(ids.length)] ?? 'unknown'
  const kind = random(20)
  if (kind < 10) {
    // Rarely a name that was used before: that fails, and must take nothing else with it.
    const isUsed = random(25) === 0
    const id = isUsed ? known : `call ${ids.length}`
    ids.push(id)
    const claims = Array.from({ length: isUsed ? 0 : 1 + random(4) }, () => ({ budget: budgets[random(4)] as Budget, amount: random(30) }))
    const note = random(2) === 0 ? undefined : `note of ${id}`
    return (store) => store.reserve(id, claims, 30_000, undefined, note)
  }
  if (kind < 16) {
    const spent = Array.from({ length: 4 }, () => random(40))
    const left = random(3) === 0 ? { text: `entry of ${known}`, leaseMs: 30_000 } : undefined
    return (store) => store.settle(known, spent, left)
  }
  if (kind === 16) return (store) => store.extend([known, 'unknown'], 40_000)
  if (kind === 17) return async (store) => (await store.bookAbandoned(1000)).toSorted()
  if (kind === 18) return async (store) => (await store.takeNotes(1000, 10_000)).toSorted((one, other) => one.id.localeCompare(other.id))
  const isSettled = random(2) === 0
  return (store) => store.dropNotes([{ id: known, isSettled }])
}

test.each([1, 2, 3, 4, 5, 6])('what many calls ask of a SQLite file in one turn is answered as in memory, number %i', async (seed) => {
  const file = openStore({ sqlite: join(folder, 'store.db') })
  const memory = createMemoryStore()
  const random = createRandom(seed)
  const ids: string[] = []
  for (let turn = 0; turn < 60; turn += 1) {
    const questions = Array.from({ length: 1 + random(24) }, () => drawQuestion(random, ids))
    const [inFile, inMemory] = await Promise.all(
      [file, memory].map((store) => Promise.allSettled(questions.map((ask) => ask(store.budgets)))),
    )
    const outcomes = (all: typeof inFile): unknown => all?.map((each) => (each.status === 'fulfilled' ? each.value : 'failed'))
    expect(outcomes(inFile)).toEqual(outcomes(inMemory))
    expect(await file.budgets.look(budgets)).toEqual(await memory.budgets.look(budgets))
    vi.setSystemTime(Date.now() + random(9000))
  }
  await file.close()
})

test('a call whose window was forgotten after its lease ended is settled in a SQLite file without a fault', async () => {
  const file = openStore({ sqlite: join(folder, 'store.db') })
  const [requests] = budgets as readonly [Budget]
  await file.budgets.reserve('slept', [{ budget: requests, amount: 3 }], 1000)
  vi.setSystemTime(Date.now() + 5000)
  expect(await file.budgets.bookAbandoned(10)).toEqual(['slept'])
  vi.setSystemTime(Date.now() + 3 * 3_600_000)
  // Deletes what is over.
  await file.budgets.reserve('next', [{ budget: requests, amount: 1 }], 1000)
  expect(await file.budgets.settle('slept', [1])).toEqual([{ booked: 0, held: 0, endsInMs: 0 }])
  expect(await file.budgets.settle('slept', [1])).toBeUndefined()
  expect(await file.budgets.look([requests])).toMatchObject([{ booked: 0, held: 1 }])
  await file.close()
})
