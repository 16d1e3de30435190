import { deepEqual, equal, rejects } from 'node:assert/strict'
import type { Store } from '@postern/ports'
import { inAMinute, type Sentence } from './sentence.js'

/** What every `Store` does beyond what its ports do each. */
export const storeSuite: readonly Sentence<Store>[] = [
  {
    title: 'reaches as far as each of its ports',
    async run(open) {
      const { scope, seen, counters, budgets, locks, revocations } = await open()
      deepEqual([seen.scope, counters.scope, budgets.scope, locks.scope, revocations.scope], [scope, scope, scope, scope, scope])
    },
  },
  {
    title: 'keeps what was seen apart from what is counted',
    async run(open) {
      const { seen, counters } = await open()
      equal(await seen.add('k', inAMinute()), true)
      equal(await counters.add('k', inAMinute()), 1)
      equal(await counters.add('counted:k', inAMinute()), 1)
      equal(await counters.add('remembered:k', inAMinute()), 1)
      equal(await seen.add('counted:k', inAMinute()), true)
    },
  },
]

/** What every `Store` does that has something to close: connections, files. */
export const closingSuite: readonly Sentence<Store>[] = [
  {
    title: 'rejects once it is closed, which may be said twice, and leaves other handles open',
    async run(open) {
      const [store, other] = [await open(), await open()]
      await store.close()
      await store.close()
      await rejects(store.seen.add('k', inAMinute()))
      await rejects(store.counters.add('k', inAMinute()))
      await rejects(store.budgets.look([{ id: 'b', limit: 1 }]))
      await rejects(store.budgets.reserve('r', [], 1000))
      await rejects(store.budgets.settle('r', []))
      await rejects(store.locks.take('k', 'one', inAMinute()))
      await rejects(store.locks.release('k', 'one'))
      await rejects(store.revocations.append({ kind: 'user', name: 'a', at: 1, until: inAMinute() }))
      await rejects(store.revocations.after())
      equal(await other.seen.add('k', inAMinute()), true)
    },
  },
]
