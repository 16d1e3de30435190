import type { Store } from '../store.js'
import { createBudgets } from './budgets.js'
import { createCounters } from './counters.js'
import { Entries } from './entries.js'
import { createKeyRing } from './key-ring.js'
import { createRevocationFeed } from './feed.js'
import { createLocks } from './locks.js'
import { defaultMemoryBounds, type MemoryBounds } from './memory-bounds.js'
import { createSeen } from './seen.js'

/**
 * Makes a store in the memory of this process: for a single process whose operator accepts that a restart forgets revocations,
 * counts and proofs; and for tests.
 *
 * What it keeps is bounded, and nothing is forgotten early for something else. A caller who has too much is refused what is new, and nobody
 * else is: `Room` says who has how much. A revocation of the operator's is rejected only while there are as many as may be. The same
 * revocation again, or a later one of the same name, takes the place of the earlier one.
 *
 * @param bounds Other bounds than the usual ones.
 */
export function createMemoryStore(bounds: Partial<MemoryBounds> = {}): Store {
  const most = { ...defaultMemoryBounds, ...bounds }
  const entries = new Entries(most.entries)
  return {
    scope: 'process',
    seen: createSeen(entries),
    counters: createCounters(entries),
    budgets: createBudgets(most),
    locks: createLocks(most.locks),
    revocations: createRevocationFeed(most.revocations),
    keyRing: createKeyRing(),
    close: async () => {},
  }
}
