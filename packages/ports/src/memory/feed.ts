import type { Feed } from '../feed.js'
import { StoreFull } from '../reach-store.js'
import type { Revocation } from '../revocation.js'
import { defaultMemoryBounds } from './memory-bounds.js'
import { Room, type Share } from './room.js'

interface Kept {
  readonly revocation: Revocation
  readonly share: Share
}

/**
 * The revocations in the memory of this process. A later one of the same name takes the place of the earlier one.
 *
 * @param most How many there are at most. The operator's have room while there is any; those of callers, who end their own sessions, as far
 *   as {@link Room} says.
 */
export function createRevocationFeed(most = defaultMemoryBounds.revocations): Feed<Revocation> {
  const kept = new Map<number, Kept>()
  /** The number of each revocation, by what it ends. */
  const numbers = new Map<string, number>()
  const room = new Room(most, Date.now())
  let written = 0

  function sweep(now: number): void {
    if (!room.isSweepDue(now)) return
    for (const [number, { revocation, share }] of kept) {
      if (revocation.until > now) continue
      kept.delete(number)
      numbers.delete(nameOf(revocation))
      room.leave(share)
    }
  }

  return {
    scope: 'process',
    append: async (revocation, owner) => {
      sweep(Date.now())
      const name = nameOf(revocation)
      const before = numbers.get(name)
      const known = before === undefined ? undefined : (kept.get(before) as Kept)
      if (known === undefined && owner !== undefined) room.check(owner)
      if (known === undefined && kept.size >= most) throw new StoreFull('The store is full.')
      if (before !== undefined) kept.delete(before)
      const added =
        known === undefined
          ? { revocation, share: room.enter(owner) }
          : { revocation: lasting(known.revocation, revocation), share: known.share }
      kept.set((written += 1), added)
      numbers.set(name, written)
    },
    after: async (mark = '0') => {
      const now = Date.now()
      sweep(now)
      const alive = [...kept].filter(([number, { revocation }]) => number > Number(mark) && revocation.until > now)
      return { items: alive.map(([, { revocation }]) => revocation), mark: String(written) }
    },
  }
}

function nameOf({ kind, name }: Revocation): string {
  return `${kind}:${name}`
}

/** The revocation that ends all that either of two ends, for as long as either. */
function lasting(one: Revocation, other: Revocation): Revocation {
  return { ...other, at: Math.max(one.at, other.at), until: Math.max(one.until, other.until) }
}
