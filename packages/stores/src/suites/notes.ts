import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Budget, type Budgets, type CallNote, type Claim, maxNoteBytes } from '@postern/ports'
import type { Sentence } from './sentence.js'

const minute = 60_000

function claim(amount: number): Claim {
  return { budget: { id: 'b', limit: 10 }, amount }
}

async function holds(budgets: Budgets, id: string, leaseMs: number, note?: string): Promise<void> {
  const { granted } = await budgets.reserve(id, [claim(1)], leaseMs, undefined, note)
  ok(granted, 'It was refused.')
}

/** Takes what two handles find, in the order of ids. What the calls count as is for a store's own tests. */
async function taken(leaseMs: number, ...handles: readonly Budgets[]): Promise<readonly CallNote[]> {
  const found: CallNote[] = []
  for (const handle of handles) found.push(...(await handle.takeNotes(100, leaseMs)))
  return found.toSorted((one, other) => (one.id < other.id ? -1 : 1)).map(({ id, isSettled, text }) => ({ id, isSettled, text }))
}

/** What every `Budgets` does with notes. */
export const notesSentences: readonly Sentence<Budgets>[] = [
  {
    title: 'tells the note of a call whose lease is over, once it is booked, to one process, until that one drops it',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      await holds(budgets, 'short', 100, '{"a":"\\u0000 \u017c \u{1F600}"}')
      await holds(budgets, 'long', minute, 'of a call under way')
      await holds(budgets, 'silent', 100)
      await sleep(150)
      deepEqual(await taken(minute, budgets, other), [])
      deepEqual((await other.bookAbandoned(100)).toSorted(), ['short', 'silent'])
      const note = { id: 'short', isSettled: false, text: '{"a":"\\u0000 \u017c \u{1F600}"}' }
      deepEqual(await taken(600, budgets, other), [note])
      deepEqual(await taken(600, other, budgets), [])
      await sleep(650)
      deepEqual(await taken(100, other), [note])
      await other.dropNotes([note, { id: 'unknown', isSettled: true }])
      await sleep(150)
      deepEqual(await taken(100, budgets, other), [])
    },
  },
  {
    title: 'keeps the note that a settled call leaves, for whoever comes once its lease is over',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      for (const id of ['one', 'two', 'three']) await holds(budgets, id, minute, 'before')
      deepEqual((await budgets.settle('one', [1], { text: 'after', leaseMs: 600 }))?.length, 1)
      await budgets.settle('two', [1], { text: 'after', leaseMs: minute })
      await budgets.settle('three', [1])
      equal(await other.settle('one', [5], { text: 'again', leaseMs: 0 }), undefined)
      deepEqual(await taken(minute, other), [])
      await sleep(650)
      deepEqual(await budgets.bookAbandoned(100), [])
      deepEqual(await taken(minute, other, budgets), [{ id: 'one', isSettled: true, text: 'after' }])
      deepEqual(await budgets.look([claim(1).budget]).then(([state]) => [state?.booked, state?.held]), [3, 0])
    },
  },
  {
    title: 'keeps a note for whoever extends it, and tells it no more once it is dropped',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      await holds(budgets, 'one', minute)
      await budgets.settle('one', [1], { text: 'left', leaseMs: 600 })
      for (let time = 0; time < 5; time += 1) {
        await sleep(150)
        await budgets.extend(['one'], 600)
      }
      deepEqual(await taken(minute, other), [])
      await budgets.dropNotes([{ id: 'one', isSettled: true }])
      await sleep(650)
      deepEqual(await taken(minute, other), [])
    },
  },
  {
    title: 'keeps the note of a call that is settled after its lease, although whoever took the former one drops that',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      await holds(budgets, 'late', 50, 'before')
      await sleep(100)
      await other.bookAbandoned(100)
      const former = await taken(minute, other)
      deepEqual(former, [{ id: 'late', isSettled: false, text: 'before' }])
      await budgets.settle('late', [0], { text: 'after', leaseMs: 50 })
      await other.dropNotes(former)
      await sleep(100)
      deepEqual(await taken(minute, other), [{ id: 'late', isSettled: true, text: 'after' }])
    },
  },
  {
    title: 'refuses a note that is longer than it may be, before anything is set aside',
    async run(open) {
      const budgets = await open()
      const long = '\u017c'.repeat(maxNoteBytes / 2 + 1)
      await rejects(budgets.reserve('one', [claim(1)], minute, undefined, long))
      await holds(budgets, 'one', minute, '\u017c'.repeat(maxNoteBytes / 2))
      await rejects(budgets.settle('one', [1], { text: long, leaseMs: minute }))
      deepEqual(await budgets.look([claim(1).budget]).then(([state]) => [state?.booked, state?.held]), [0, 1])
    },
  },
  {
    title: 'gives back, when a lease is over, what is only ever held',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      const budget: Budget = { id: 'open', limit: 2, onlyHeld: true }
      const claims = [{ budget, amount: 1 }]
      await budgets.reserve('one', claims, 50)
      await budgets.reserve('two', claims, minute)
      deepEqual((await budgets.reserve('three', claims, minute)).granted, false)
      await sleep(100)
      deepEqual(await other.bookAbandoned(100), ['one'])
      deepEqual(await other.look([budget]).then(([state]) => [state?.booked, state?.held]), [0, 1])
      const reserved = await other.reserve('four', claims, minute)
      deepEqual([reserved.granted, reserved.counted.map(({ booked, held }) => [booked, held])], [true, [[0, 2]]])
      deepEqual((await budgets.reserve('five', claims, minute)).granted, false)
      await budgets.settle('one', [0])
      await budgets.settle('two', [0])
      deepEqual(await other.look([budget]).then(([state]) => [state?.booked, state?.held]), [0, 1])
    },
  },
]
