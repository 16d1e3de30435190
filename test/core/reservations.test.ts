import { type Budget, type Budgets, createMemoryStore } from '@postern/ports'
import { Reservations } from '@postern/core'
import { afterEach, describe, expect, test } from 'vitest'

const budget: Budget = { id: 'b', limit: 10 }
const minute = 60_000

let all: Reservations | undefined
afterEach(() => all?.close())

/** Budgets that can be made unreachable. */
function breakable(): { readonly budgets: Budgets; isLost: boolean; readonly extended: string[][] } {
  const { budgets } = createMemoryStore()
  const place = { budgets, isLost: false, extended: [] as string[][] }
  const unlessLost = <Answer>(ask: () => Promise<Answer>): Promise<Answer> =>
    place.isLost ? Promise.reject(new Error('It is away.')) : ask()
  place.budgets = {
    ...budgets,
    settle: (...args) => unlessLost(() => budgets.settle(...args)),
    extend: (ids, leaseMs) => unlessLost(() => (place.extended.push([...ids]), budgets.extend(ids, leaseMs))),
    bookAbandoned: (most) => unlessLost(() => budgets.bookAbandoned(most)),
  }
  return place
}

describe('the reservations of a process', () => {
  test('are extended while their calls are under way, and no longer', async () => {
    const { budgets, extended } = breakable()
    all = new Reservations(budgets, () => {})
    const [one, two] = [
      { id: 'one', place: -1, atMs: Date.now() },
      { id: 'two', place: -1, atMs: Date.now() },
    ]
    for (const reservation of [one, two]) {
      await budgets.reserve(reservation.id, [{ budget, amount: 1 }], minute)
      all.add(reservation)
    }
    await all.round()
    await all.settle(one, [1])
    await all.round()
    expect(extended).toEqual([['one', 'two'], ['two']])
  })

  test('that could not be booked are booked in a later round', async () => {
    const place = breakable()
    all = new Reservations(place.budgets, () => {})
    await place.budgets.reserve('one', [{ budget, amount: 4 }], minute)
    const one = { id: 'one', place: -1, atMs: Date.now() }
    all.add(one)
    place.isLost = true
    await all.settle(one, [3])
    await all.round()
    place.isLost = false
    expect(await place.budgets.look([budget])).toMatchObject([{ booked: 0, held: 4 }])
    await all.round()
    expect(await place.budgets.look([budget])).toMatchObject([{ booked: 3, held: 0 }])
  })

  test('of a process that ended are booked in full, which the log says', async () => {
    const { budgets } = breakable()
    const lines: unknown[] = []
    await budgets.reserve('of another', [{ budget, amount: 4 }], 0)
    all = new Reservations(budgets, (level, message, facts) => void lines.push([level, message, facts]))
    await all.round()
    await all.round()
    expect(await budgets.look([budget])).toMatchObject([{ booked: 4, held: 0 }])
    expect(lines).toEqual([['warn', 'reservations of a process that ended are booked in full', { count: 1, first: 'of another' }]])
  })
})
