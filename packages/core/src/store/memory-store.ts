import type { Revocation, Store } from './store.js'

/** The most counts and remembered keys of a memory store; revocations are not bounded. About 200 bytes each. */
const mostEntries = 500_000

/** How often expired entries are deleted, and how often while the store is full, in milliseconds. */
const sweepMs = 10_000
const fullSweepMs = 1000

interface Counted {
  count: number
  readonly until: number
}

/**
 * Makes a store in the memory of this process, with `scope` `process`: for a single process whose operator accepts that a
 * restart forgets revocations, counts and proofs; and for tests.
 *
 * While it holds 500,000 keys, its `remember` and `count` reject for a new key.
 */
export function createMemoryStore(): Store {
  const counts = new Map<string, Counted>()
  const revocations = new Map<number, Revocation>()
  let written = 0
  let sweptAt = Date.now()

  function sweep(now: number): void {
    if (now - sweptAt < (counts.size < mostEntries ? sweepMs : fullSweepMs)) return
    sweptAt = now
    for (const [key, { until }] of counts) if (until <= now) counts.delete(key)
    for (const [number, { until }] of revocations) if (until <= now) revocations.delete(number)
  }

  function countOne(key: string, until: number): number {
    const now = Date.now()
    sweep(now)
    const found = counts.get(key)
    if (found !== undefined && found.until > now) return (found.count += 1)
    if (counts.size >= mostEntries) throw new Error('The store is full.')
    counts.set(key, { count: 1, until })
    return 1
  }

  return {
    scope: 'process',
    remember: async (key, until) => countOne(`remembered:${key}`, until) === 1,
    count: async (key, until) => countOne(`counted:${key}`, until),
    revoke: async (revocation) => {
      sweep(Date.now())
      revocations.set((written += 1), revocation)
    },
    revocations: async (after = '0') => {
      const now = Date.now()
      const alive = [...revocations].filter(([number, { until }]) => number > Number(after) && until > now)
      return { revocations: alive.map(([, revocation]) => revocation), mark: String(written) }
    },
    close: async () => {},
  }
}
