import {
  type Budgets,
  createMemoryStore,
  type Counters,
  type Feed,
  type Locks,
  type Revocation,
  type Seen,
  type Store,
} from '@postern/ports'
import * as everySuite from '@postern/stores/suites'
import {
  budgetsKeepTheirBound,
  budgetsSuite,
  countersSuite,
  keyRingSuite,
  locksSuite,
  revocationsSuite,
  seenSuite,
  type Sentence,
  storeSuite,
} from '@postern/stores/suites'
import { afterAll, describe, expect, test } from 'vitest'
import { openPage } from '../clients/page-examples.js'

/** The titles of the sentences that do not hold; `prepare` gives each a place of its own. */
async function faultsOf<Port>(suite: readonly Sentence<Port>[], prepare: () => Port): Promise<readonly string[]> {
  const results = await Promise.allSettled(
    suite.map(({ run }) => {
      const port = prepare()
      return run(() => port)
    }),
  )
  return suite.flatMap(({ title }, index) => (results[index]?.status === 'rejected' ? [title] : []))
}

const sleepy = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

describe('the suites', () => {
  test('find no fault in a store that is right', async () => {
    expect(await faultsOf(seenSuite, () => createMemoryStore().seen)).toEqual([])
    expect(await faultsOf(countersSuite, () => createMemoryStore().counters)).toEqual([])
    expect(await faultsOf(budgetsSuite, () => createMemoryStore().budgets)).toEqual([])
    expect(await faultsOf(locksSuite, () => createMemoryStore().locks)).toEqual([])
    expect(await faultsOf(revocationsSuite, () => createMemoryStore().revocations)).toEqual([])
    expect(await faultsOf(storeSuite, createMemoryStore)).toEqual([])
  })

  test('find what looks first and writes later, and what never forgets', async () => {
    const keys = new Map<string, number>()
    const count = async (key: string): Promise<number> => {
      const before = keys.get(key) ?? 0
      await sleepy()
      keys.set(key, before + 1)
      return before + 1
    }
    const prepare =
      <Port>(port: Port) =>
      (): Port => (keys.clear(), port)
    const seen: Seen = { scope: 'process', add: async (key) => (await count(key)) === 1 }
    const counters: Counters = { scope: 'process', add: count }
    expect(await faultsOf(seenSuite.slice(0, 1), prepare(seen))).toEqual([seenSuite[0]?.title])
    expect(await faultsOf(seenSuite.slice(1, 2), prepare(seen))).toEqual([seenSuite[1]?.title])
    expect(await faultsOf(countersSuite.slice(0, 1), prepare(counters))).toEqual([countersSuite[0]?.title])
    expect(await faultsOf(countersSuite.slice(1, 2), prepare(counters))).toEqual([countersSuite[1]?.title])
  })

  test('find locks that look first and write later, and locks that anybody may release', async () => {
    const racing = (): Locks => {
      const holders = new Map<string, string>()
      return {
        scope: 'process',
        async take(key, holder) {
          const found = holders.get(key) ?? holder
          await sleepy()
          holders.set(key, found)
          return found
        },
        release: async (key) => void holders.delete(key),
      }
    }
    const [atOnce, , , released] = locksSuite
    const found = await faultsOf(locksSuite, racing)
    expect(found).toContain(atOnce?.title)
    expect(found).toContain(released?.title)
  })

  test('find budgets that look first and write later, that book nothing, and that give back what a dead process may have spent', async () => {
    const racing = (): Budgets => {
      const { budgets } = createMemoryStore()
      return {
        ...budgets,
        async reserve(id, claims, leaseMs) {
          const counted = await budgets.look(claims.map(({ budget }) => budget))
          await sleepy()
          const fits = claims.every(({ budget, amount }, index) => {
            const { booked = 0, held = 0 } = counted[index] ?? {}
            return booked + held + amount <= budget.limit
          })
          const unbounded = claims.map(({ budget, amount }) => ({ budget: { ...budget, limit: Number.MAX_SAFE_INTEGER }, amount }))
          return fits ? budgets.reserve(id, unbounded, leaseMs) : { granted: false, refusedBy: 0, counted }
        },
      }
    }
    expect(await faultsOf(budgetsSuite, racing)).toContain('grants exactly what the limit allows, to many at once, by two handles')
    const forgetful = (): Budgets => {
      const { budgets } = createMemoryStore()
      return {
        ...budgets,
        settle: (id, spent) =>
          budgets.settle(
            id,
            spent.map(() => 0),
          ),
      }
    }
    expect(await faultsOf([budgetsKeepTheirBound(7, 200)], forgetful)).toEqual(['never exceeds a limit in 200 random steps (seed 7)'])
    const generous = (): Budgets => {
      const { budgets } = createMemoryStore()
      const bookAbandoned = async (most: number): Promise<readonly string[]> => {
        const ids = await budgets.bookAbandoned(most)
        for (const id of ids) await budgets.settle(id, [0])
        return ids
      }
      return { ...budgets, bookAbandoned }
    }
    expect(await faultsOf(budgetsSuite, generous)).toEqual([
      'counts all of a reservation as spent once its lease is over, tells of it once, and corrects it when the truth comes',
      'tells the note of a call whose lease is over, once it is booked, to one process, until that one drops it',
      'keeps the note of a call that is settled after its lease, although whoever took the former one drops that',
    ])
    const careless = (): Budgets => {
      const { budgets } = createMemoryStore()
      // Drops what was left meanwhile, too.
      const dropNotes: Budgets['dropNotes'] = (notes) =>
        budgets.dropNotes(notes.flatMap(({ id }) => [true, false].map((isSettled) => ({ id, isSettled }))))
      return { ...budgets, dropNotes }
    }
    expect(await faultsOf(budgetsSuite, careless)).toEqual([
      'keeps the note of a call that is settled after its lease, although whoever took the former one drops that',
    ])
  })

  test('find a feed that gives an item twice, and one that loses its place when what stood there is over', async () => {
    const repeating = (): Feed<Revocation> => {
      const { append, after } = createMemoryStore().revocations
      return { scope: 'process', append, after: async () => after() }
    }
    expect(await faultsOf(revocationsSuite, repeating)).toContain('gives after a mark what was appended after it, and nothing twice')
    const counting = (): Feed<Revocation> => {
      const { append, after } = createMemoryStore().revocations
      return {
        scope: 'process',
        append,
        async after(mark = '0') {
          const { items } = await after()
          return { items: items.slice(Number(mark)), mark: String(items.length) }
        },
      }
    }
    expect(await faultsOf(revocationsSuite, counting)).toEqual(['takes a mark although what stood there is over'])
  })

  test('find a store whose keys of two ports meet, and one that says another scope than its ports', async () => {
    const meeting = (): Store => {
      const { counters, ...store } = createMemoryStore()
      return { ...store, counters, seen: { scope: 'process', add: async (key, untilMs) => (await counters.add(key, untilMs)) === 1 } }
    }
    expect(await faultsOf(storeSuite, meeting)).toEqual(['keeps what was seen apart from what is counted'])
    expect(await faultsOf(storeSuite, (): Store => ({ ...createMemoryStore(), scope: 'shared' }))).toEqual([
      'reaches as far as each of its ports',
    ])
  })
})

describe('the test file that CONTRIBUTING gives to whoever has a store of their own', () => {
  const page = openPage('CONTRIBUTING.md', import.meta.dirname)
  afterAll(() => page.remove())

  test('runs as it is printed, and holds every sentence of every suite', async () => {
    const printed = await page.run('own-store.test')
    const sentences = [keyRingSuite, seenSuite, countersSuite, budgetsSuite, locksSuite, revocationsSuite, storeSuite].flat()
    expect(printed).toMatch(new RegExp(`(?:#|ℹ) pass ${sentences.length}\\n(?:#|ℹ) fail 0\\n`))
    const suites = Object.entries(everySuite).flatMap(([name, suite]) => (Array.isArray(suite) ? [name] : []))
    // Those of a ledger, which is no part of a store, are left out.
    const ofStores = suites.filter((name) => !name.startsWith('ledger'))
    expect(ofStores.filter((name) => !page.example('own-store.test').includes(`, ${name}, `))).toEqual([])
  })
})
