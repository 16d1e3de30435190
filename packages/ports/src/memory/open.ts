import type { Store } from '../store.js'
import { createBudgets } from './budgets.js'
import { createCounters } from './counters.js'
import { Entries } from './entries.js'
import { createKeyRing } from './key-ring.js'
import { createRevocationFeed } from './feed.js'
import { createLocks } from './locks.js'
import { createSeen } from './seen.js'

/**
 * Makes a store in the memory of this process: for a single process whose operator accepts that a restart forgets revocations,
 * counts and proofs; and for tests.
 *
 * While it holds 500,000 keys, `seen` and `counters` reject a new key; while it holds 200,000 locks, `locks` does. While it holds 100,000 revocations that are not over,
 * `revocations` rejects a new one: a revocation that was promised is never forgotten for another. The same revocation again, or a
 * later one of the same name, takes the place of the earlier one.
 */
export function createMemoryStore(): Store {
  const entries = new Entries()
  return {
    scope: 'process',
    seen: createSeen(entries),
    counters: createCounters(entries),
    budgets: createBudgets(),
    locks: createLocks(),
    revocations: createRevocationFeed(),
    keyRing: createKeyRing(),
    close: async () => {},
  }
}
