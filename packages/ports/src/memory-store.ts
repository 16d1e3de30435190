import type { Revocation, Store } from './store.js'

/** The most counts and remembered keys of a memory store, about 200 bytes each. */
const maxEntries = 500_000

/** The most revocations of a memory store. */
const mostRevocations = 100_000

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
 * While it holds 500,000 keys, its `remember` and `count` reject for a new key. While it holds 100,000 revocations that are
 * not over, its `revoke` rejects: a revocation that was promised is never forgotten for another. The same revocation again,
 * or a later one of the same name, takes the place of the earlier one.
 */
export function createMemoryStore(): Store {
  const counts = new Map<string, Counted>()
  const revocations = new Map<number, Revocation>()
  /** The number of each revocation, by what it ends. */
  const numbers = new Map<string, number>()
  let written = 0
  let sweptAt = Date.now()

  function sweep(now: number): void {
    if (now - sweptAt < (counts.size < maxEntries && revocations.size < mostRevocations ? sweepMs : fullSweepMs)) return
    sweptAt = now
    for (const [key, { until }] of counts) if (until <= now) counts.delete(key)
    for (const [number, { kind, name, until }] of revocations) {
      if (until > now) continue
      revocations.delete(number)
      numbers.delete(`${kind}:${name}`)
    }
  }

  function countOne(key: string, until: number): number {
    const now = Date.now()
    sweep(now)
    const found = counts.get(key)
    if (found !== undefined && found.until > now) return (found.count += 1)
    if (counts.size >= maxEntries) throw new Error('The store is full.')
    counts.set(key, { count: 1, until })
    return 1
  }

  return {
    scope: 'process',
    remember: async (key, until) => countOne(`remembered:${key}`, until) === 1,
    count: async (key, until) => countOne(`counted:${key}`, until),
    revoke: async (revocation) => {
      sweep(Date.now())
      const ended = `${revocation.kind}:${revocation.name}`
      const before = numbers.get(ended)
      const known = before === undefined ? undefined : (revocations.get(before) as Revocation)
      if (known === undefined && revocations.size >= mostRevocations) throw new Error('The store is full.')
      if (before !== undefined) revocations.delete(before)
      revocations.set((written += 1), known === undefined ? revocation : lasting(known, revocation))
      numbers.set(ended, written)
    },
    revocations: async (after = '0') => {
      const now = Date.now()
      const alive = [...revocations].filter(([number, { until }]) => number > Number(after) && until > now)
      return { revocations: alive.map(([, revocation]) => revocation), mark: String(written) }
    },
    close: async () => {},
  }
}

/** The revocation that ends all that either of two ends, for as long as either. */
function lasting(one: Revocation, other: Revocation): Revocation {
  return { ...other, at: Math.max(one.at, other.at), until: Math.max(one.until, other.until) }
}
