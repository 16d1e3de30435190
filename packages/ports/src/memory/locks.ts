import type { Locks } from '../locks.js'

/** The most locks of a memory store, about 300 bytes each. */
const maxLocks = 200_000

/** How often locks that are over are deleted, and how often while there is no room, in milliseconds. */
const sweepMs = 10_000
const fullSweepMs = 1000

interface Lock {
  readonly holder: string
  readonly until: number
}

/** Keeps locks in the memory of this process. */
export function createLocks(): Locks {
  const locks = new Map<string, Lock>()
  let sweptAt = Date.now()

  function sweep(now: number): void {
    if (now - sweptAt < (locks.size < maxLocks ? sweepMs : fullSweepMs)) return
    sweptAt = now
    for (const [key, { until }] of locks) if (until <= now) locks.delete(key)
  }

  return {
    scope: 'process',
    async take(key, holder, untilMs) {
      const now = Date.now()
      sweep(now)
      const found = locks.get(key)
      if (found !== undefined && found.until > now && found.holder !== holder) return found.holder
      if (found === undefined && locks.size >= maxLocks) throw new Error('The store is full.')
      locks.set(key, { holder, until: untilMs })
      return holder
    },
    async release(key, holder) {
      if (locks.get(key)?.holder === holder) locks.delete(key)
    },
  }
}
