import type { EntryOwner } from '../entry-owner.js'
import { defaultMemoryBounds } from './memory-bounds.js'
import { Room, type Share } from './room.js'

interface Entry {
  count: number
  readonly until: number
  readonly share: Share
}

/** Keys in the memory of this process, each with a count and an end. */
export class Entries {
  readonly #entries = new Map<string, Entry>()
  readonly #room: Room

  /** @param most How many there are at most, of all callers together. */
  constructor(most = defaultMemoryBounds.entries) {
    this.#room = new Room(most, Date.now())
  }

  /**
   * Adds one to the count of a key and returns the new count.
   *
   * @throws {StoreFull} if the key is new and its owner has no room.
   */
  add(key: string, until: number, owner: EntryOwner | undefined): number {
    const now = Date.now()
    this.#sweep(now)
    const found = this.#entries.get(key)
    if (found !== undefined && found.until > now) return (found.count += 1)
    if (found !== undefined) this.#drop(key, found)
    this.#room.check(owner)
    this.#entries.set(key, { count: 1, until, share: this.#room.enter(owner) })
    return 1
  }

  #sweep(now: number): void {
    if (!this.#room.isSweepDue(now)) return
    for (const [key, entry] of this.#entries) if (entry.until <= now) this.#drop(key, entry)
  }

  #drop(key: string, { share }: Entry): void {
    this.#entries.delete(key)
    this.#room.leave(share)
  }
}
