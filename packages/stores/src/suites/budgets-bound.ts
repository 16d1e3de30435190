import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Budget, Budgets, Counted } from '@postern/ports'
import type { Sentence } from './sentence.js'

const minute = 60_000

/** Numbers from a seed, so that a schedule can be played again: xorshift of 32 bits. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/**
 * Makes a sentence that plays random calls by two handles against a plain book beside them: at each moment, what is booked and what is
 * held do not exceed the limit together, nothing is refused that fits, and at the end each budget has booked what was settled.
 *
 * @param steps How many things happen.
 */
export function budgetsKeepTheirBound(seed: number, steps: number): Sentence<Budgets> {
  return {
    title: `never exceeds a limit in ${steps} random steps (seed ${seed})`,
    async run(open) {
      const handles = [await open(), await open()]
      const random = randomFrom(seed)
      const limits = [7, 40, 1000]
      const budgets = limits.map((limit, index): Budget => ({ id: `${seed} ${index}`, limit }))
      const book = limits.map(() => ({ booked: 0, held: 0 }))
      const underWay: { readonly id: string; readonly claims: readonly (readonly [index: number, amount: number])[] }[] = []
      for (let step = 0; step < steps; step += 1) {
        const handle = handles[random(2)] as Budgets
        if (underWay.length === 0 || random(5) < 3) {
          const id = `${seed} ${step}`
          const claims = limits
            .map((limit, index): readonly [number, number] => [index, random(Math.ceil(limit / 3))])
            .filter(() => random(3) > 0)
          const fits = claims.findIndex(([index, amount]) => {
            const { booked, held } = book[index] as (typeof book)[number]
            return booked + held + amount > (limits[index] as number)
          })
          const asked = claims.map(([index, amount]) => ({ budget: budgets[index] as Budget, amount }))
          const reserved = await handle.reserve(id, asked, minute)
          if (reserved.granted) {
            equal(fits, -1)
            underWay.push({ id, claims })
            for (const [index, amount] of claims) (book[index] as (typeof book)[number]).held += amount
          } else equal(reserved.refusedBy, fits)
        } else {
          const [{ id, claims }] = underWay.splice(random(underWay.length), 1) as [(typeof underWay)[number]]
          const spent = claims.map(([, amount]) => (amount === 0 ? 0 : random(amount + 1)))
          await handle.settle(id, spent)
          for (const [place, [index, amount]] of claims.entries()) {
            const count = book[index] as (typeof book)[number]
            count.held -= amount
            count.booked += spent[place] as number
          }
        }
        for (const [index, { booked, held }] of stateOfBook(await handle.look(budgets))) {
          ok(booked + held <= (limits[index] as number), `Budget ${index} has ${booked} booked and ${held} held.`)
          deepEqual({ booked, held }, book[index])
        }
      }
    },
  }
}

function stateOfBook(
  counted: readonly Counted[],
): readonly (readonly [index: number, state: { readonly booked: number; readonly held: number }])[] {
  return counted.map(({ booked, held }, index) => [index, { booked, held }])
}
