import type { Locks } from '../locks.js'
import { defaultMemoryBounds } from './memory-bounds.js'
import { Room, type Share } from './room.js'

interface Lock {
  readonly holder: string
  until: number
  readonly share: Share
}

/**
 * Keeps locks in the memory of this process.
 *
 * @param most How many there are at most, of all callers together.
 */
export function createLocks(most = defaultMemoryBounds.locks): Locks {
  const locks = new Map<string, Lock>()
  const room = new Room(most, Date.now())

  function drop(key: string, { share }: Lock): void {
    locks.delete(key)
    room.leave(share)
  }

  function sweep(now: number): void {
    if (!room.isSweepDue(now)) return
    for (const [key, lock] of locks) if (lock.until <= now) drop(key, lock)
  }

  return {
    scope: 'process',
    async take(key, holder, untilMs, owner) {
      const now = Date.now()
      sweep(now)
      const found = locks.get(key)
      if (found !== undefined && found.holder === holder) {
        found.until = untilMs
        return holder
      }
      if (found !== undefined && found.until > now) return found.holder
      if (found !== undefined) drop(key, found)
      room.check(owner)
      locks.set(key, { holder, until: untilMs, share: room.enter(owner) })
      return holder
    },
    async release(key, holder) {
      const found = locks.get(key)
      if (found?.holder === holder) drop(key, found)
    },
  }
}
