import type { Feed } from '../feed.js'
import type { Revocation } from '../revocation.js'

/** The most revocations of a memory store. */
const mostRevocations = 100_000

/** How often expired revocations are deleted, and how often while there is no room, in milliseconds. */
const sweepMs = 10_000
const fullSweepMs = 1000

/** The revocations in the memory of this process. A later one of the same name takes the place of the earlier one. */
export function createRevocationFeed(): Feed<Revocation> {
  const revocations = new Map<number, Revocation>()
  /** The number of each revocation, by what it ends. */
  const numbers = new Map<string, number>()
  let written = 0
  let sweptAt = Date.now()

  function sweep(now: number): void {
    if (now - sweptAt < (revocations.size < mostRevocations ? sweepMs : fullSweepMs)) return
    sweptAt = now
    for (const [number, { kind, name, until }] of revocations) {
      if (until > now) continue
      revocations.delete(number)
      numbers.delete(`${kind}:${name}`)
    }
  }

  return {
    scope: 'process',
    append: async (revocation) => {
      sweep(Date.now())
      const ended = `${revocation.kind}:${revocation.name}`
      const before = numbers.get(ended)
      const known = before === undefined ? undefined : (revocations.get(before) as Revocation)
      if (known === undefined && revocations.size >= mostRevocations) throw new Error('The store is full.')
      if (before !== undefined) revocations.delete(before)
      revocations.set((written += 1), known === undefined ? revocation : lasting(known, revocation))
      numbers.set(ended, written)
    },
    after: async (mark = '0') => {
      const now = Date.now()
      sweep(now)
      const alive = [...revocations].filter(([number, { until }]) => number > Number(mark) && until > now)
      return { items: alive.map(([, revocation]) => revocation), mark: String(written) }
    },
  }
}

/** The revocation that ends all that either of two ends, for as long as either. */
function lasting(one: Revocation, other: Revocation): Revocation {
  return { ...other, at: Math.max(one.at, other.at), until: Math.max(one.until, other.until) }
}
