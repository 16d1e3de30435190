import { deepEqual, equal, ok } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Budget, Budgets, Claim, Counted, Reserved } from '@postern/ports'
import { keysOfAnyForm } from './keys.js'
import { notesSentences } from './notes.js'
import { oneOwner, otherOwner } from './owners.js'
import type { Sentence } from './sentence.js'

const minute = 60_000

let names = 0

/** A name that no reservation has. */
function anew(): string {
  names += 1
  return `${Date.now()} ${names}`
}

/** One claim of an amount, in a budget of one window that has no end. */
function claim(amount: number, limit: number, id = 'b'): Claim {
  return { budget: { id, limit }, amount }
}

function stateOf(counted: readonly Counted[] | undefined): readonly (readonly [booked: number, held: number])[] {
  return (counted ?? []).map(({ booked, held }) => [booked, held])
}

async function stateIn(budgets: Budgets, ...of: readonly Budget[]): Promise<readonly (readonly [booked: number, held: number])[]> {
  return stateOf(await budgets.look(of))
}

async function granted(reserving: Promise<Reserved>): Promise<readonly (readonly [booked: number, held: number])[]> {
  const reserved = await reserving
  ok(reserved.granted, 'It was refused.')
  return stateOf(reserved.counted)
}

async function refused(reserving: Promise<Reserved>, by: number): Promise<void> {
  const reserved = await reserving
  ok(!reserved.granted, 'It was granted.')
  equal(reserved.refusedBy, by)
}

/** What every `Budgets` does. */
export const budgetsSuite: readonly Sentence<Budgets>[] = [
  {
    title: 'sets aside all claims or none, and says which did not fit',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      deepEqual(await granted(budgets.reserve(anew(), [claim(6, 10, 'x'), claim(6, 20, 'y')], minute)), [
        [0, 6],
        [0, 6],
      ])
      await refused(other.reserve(anew(), [claim(6, 20, 'y'), claim(5, 10, 'x')], minute), 1)
      deepEqual(await stateIn(budgets, { id: 'x', limit: 10 }, { id: 'y', limit: 20 }), [
        [0, 6],
        [0, 6],
      ])
      deepEqual(await granted(other.reserve(anew(), [claim(4, 10, 'x')], minute)), [[0, 10]])
    },
  },
  {
    title: 'grants exactly what the limit allows, to many at once, by two handles',
    async run(open) {
      const handles = [await open(), await open()]
      const asked = Array.from({ length: 200 }, (_, index) =>
        (handles[index % 2] as Budgets).reserve(anew(), [claim(1, 100, 'x'), claim(3, 210, 'y')], minute),
      )
      const answers = await Promise.all(asked)
      equal(answers.filter((each) => each.granted).length, 70)
      deepEqual(await stateIn(handles[1] as Budgets, { id: 'x', limit: 100 }, { id: 'y', limit: 210 }), [
        [0, 70],
        [0, 210],
      ])
    },
  },
  {
    title: 'counts two claims in one budget together',
    async run(open) {
      const budgets = await open()
      await refused(budgets.reserve(anew(), [claim(6, 10), claim(5, 10)], minute), 1)
      deepEqual(await granted(budgets.reserve('both', [claim(6, 10), claim(4, 10)], minute)), [
        [0, 10],
        [0, 10],
      ])
      deepEqual(stateOf(await budgets.settle('both', [1, 2])), [
        [3, 0],
        [3, 0],
      ])
    },
  },
  {
    title: 'books what was spent, gives the rest back, and does nothing a second time or for an unknown name',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      await granted(budgets.reserve('one', [claim(8, 10)], minute))
      deepEqual(stateOf(await other.settle('one', [3])), [[3, 0]])
      equal(await budgets.settle('one', [3]), undefined)
      equal(await budgets.settle('another', [3]), undefined)
      await refused(budgets.reserve(anew(), [claim(8, 10)], minute), 0)
      deepEqual(await granted(budgets.reserve(anew(), [claim(7, 10)], minute)), [[3, 7]])
    },
  },
  {
    title: 'books what was spent beyond what was set aside, and refuses what comes next',
    async run(open) {
      const budgets = await open()
      await granted(budgets.reserve('one', [claim(2, 10)], minute))
      deepEqual(stateOf(await budgets.settle('one', [15])), [[15, 0]])
      await refused(budgets.reserve(anew(), [claim(1, 10)], minute), 0)
      await refused(budgets.reserve(anew(), [claim(0, 10)], minute), 0)
    },
  },
  {
    title: 'books what a call spent that had set nothing aside, although another gave all back meanwhile',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      deepEqual(await granted(budgets.reserve('nothing', [claim(0, 10)], minute)), [[0, 0]])
      await granted(other.reserve('unsent', [claim(4, 10)], minute))
      deepEqual(stateOf(await other.settle('unsent', [0])), [[0, 0]])
      deepEqual(stateOf(await budgets.settle('nothing', [7])), [[7, 0]])
      await refused(other.reserve(anew(), [claim(4, 10)], minute), 0)
    },
  },
  {
    title: 'has one count for a budget, whoever the owner of a call is said to be',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      await granted(budgets.reserve('one', [claim(6, 10)], minute, oneOwner))
      await refused(other.reserve(anew(), [claim(5, 10)], minute, otherOwner), 0)
      await budgets.settle('one', [6])
      deepEqual(await granted(other.reserve('two', [claim(4, 10)], minute, otherOwner)), [[6, 4]])
      deepEqual(stateOf(await other.settle('two', [4])), [[10, 0]])
      await refused(budgets.reserve(anew(), [claim(1, 10)], minute), 0)
    },
  },
  {
    title: 'keeps a count when the limit changes',
    async run(open) {
      const budgets = await open()
      await granted(budgets.reserve('one', [claim(5, 5)], minute))
      await budgets.settle('one', [5])
      await refused(budgets.reserve(anew(), [claim(1, 5)], minute), 0)
      deepEqual(await granted(budgets.reserve(anew(), [claim(1, 6)], minute)), [[5, 1]])
    },
  },
  {
    title: 'begins anew with each window, and books a call in the window in which it was set aside',
    async run(open) {
      const budgets = await open()
      const budget: Budget = { id: 'b', limit: 1, per: 'second' }
      // Begin with a window: what follows takes less than a second.
      await sleep((await budgets.look([budget]))[0]?.endsInMs ?? 0)
      const first = await budgets.reserve('one', [{ budget, amount: 1 }], minute)
      ok(first.granted)
      const endsInMs = first.counted[0]?.endsInMs ?? Number.NaN
      ok(endsInMs > 0 && endsInMs <= 1000, `The window ends in ${endsInMs} ms.`)
      await sleep(endsInMs + 5)
      deepEqual(await granted(budgets.reserve('two', [{ budget, amount: 1 }], minute)), [[0, 1]])
      await budgets.settle('one', [1])
      deepEqual(await stateIn(budgets, budget), [[0, 1]])
      deepEqual(stateOf(await budgets.settle('two', [1])), [[1, 0]])
    },
  },
  {
    title: 'counts all of a reservation as spent once its lease is over, tells of it once, and corrects it when the truth comes',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      await granted(budgets.reserve('short', [claim(6, 10)], 100))
      await granted(budgets.reserve('long', [claim(2, 10)], minute))
      deepEqual(await budgets.bookAbandoned(100), [])
      await sleep(150)
      await refused(budgets.reserve(anew(), [claim(3, 10)], minute), 0)
      deepEqual([...(await budgets.bookAbandoned(100)), ...(await other.bookAbandoned(100))], ['short'])
      deepEqual(await stateIn(budgets, { id: 'b', limit: 10 }), [[6, 2]])
      await budgets.extend(['short'], minute)
      deepEqual(stateOf(await other.settle('short', [1])), [[1, 2]])
    },
  },
  {
    title: 'holds for as long as the lease is extended',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      await granted(budgets.reserve('one', [claim(6, 10)], 400))
      for (let time = 0; time < 4; time += 1) {
        await sleep(150)
        await other.extend(['one', 'unknown'], 400)
      }
      deepEqual(await budgets.bookAbandoned(100), [])
      deepEqual(await stateIn(budgets, { id: 'b', limit: 10 }), [[0, 6]])
      deepEqual(stateOf(await budgets.settle('one', [0])), [[0, 0]])
    },
  },
  {
    title: 'forgets a count without a window after the time that it is given',
    async run(open) {
      const budgets = await open()
      const budget: Budget = { id: 'b', limit: 2, forgottenAfterMs: 300 }
      await granted(budgets.reserve('one', [{ budget, amount: 1 }], minute))
      await budgets.settle('one', [1])
      await granted(budgets.reserve('two', [{ budget, amount: 1 }], minute))
      await budgets.settle('two', [1])
      await refused(budgets.reserve(anew(), [{ budget, amount: 1 }], minute), 0)
      await sleep(400)
      deepEqual(await granted(budgets.reserve(anew(), [{ budget, amount: 1 }], minute)), [[0, 1]])
    },
  },
  {
    title: 'counts amounts of any size exactly, up to the largest whole number',
    async run(open) {
      const budgets = await open()
      const most = Number.MAX_SAFE_INTEGER
      await granted(budgets.reserve('one', [claim(most - 1, most)], minute))
      await refused(budgets.reserve(anew(), [claim(2, most)], minute), 0)
      deepEqual(await granted(budgets.reserve('two', [claim(1, most)], minute)), [[0, most]])
      deepEqual(stateOf(await budgets.settle('one', [most - 3])), [[most - 3, 1]])
      deepEqual(stateOf(await budgets.settle('two', [0])), [[most - 3, 0]])
    },
  },
  {
    title: 'tells budgets of any name apart',
    async run(open) {
      const [budgets, other] = [await open(), await open()]
      for (const [index, key] of keysOfAnyForm.entries())
        deepEqual(await granted(budgets.reserve(`r${index}`, [claim(1, 1, key)], minute)), [[0, 1]])
      for (const key of keysOfAnyForm) await refused(other.reserve(anew(), [claim(1, 1, key)], minute), 0)
    },
  },
  ...notesSentences,
]
