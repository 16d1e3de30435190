import type { Revocation, Store } from './store.js'

/** What a memory store holds at most before it refuses to remember more. About 200 bytes each. */
const mostEntries = 500_000

/** How often what has expired is thrown out, and how often while there is no room, in milliseconds. */
const sweepMs = 10_000
const fullSweepMs = 1000

interface Counted {
  count: number
  readonly until: number
}

/**
 * A store that lives and dies with the process: for one process whose operator accepts that a restart forgets
 * revocations, calls and proofs; and for tests.
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
