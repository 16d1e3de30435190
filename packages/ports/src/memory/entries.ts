/** The most entries of a memory store, counts and remembered keys together, about 200 bytes each. */
const maxEntries = 500_000

/** How often expired entries are deleted, and how often while there is no room, in milliseconds. */
const sweepMs = 10_000
const fullSweepMs = 1000

interface Counted {
  count: number
  readonly until: number
}

/** Keys in the memory of this process, each with a count and an end. */
export class Entries {
  readonly #counted = new Map<string, Counted>()
  #sweptAt = Date.now()

  /**
   * Adds one to the count of a key and returns the new count.
   *
   * @throws {Error} if the key is new and there is no room.
   */
  add(key: string, until: number): number {
    const now = Date.now()
    this.#sweep(now)
    const found = this.#counted.get(key)
    if (found !== undefined && found.until > now) return (found.count += 1)
    if (this.#counted.size >= maxEntries) throw new Error('The store is full.')
    this.#counted.set(key, { count: 1, until })
    return 1
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < (this.#counted.size < maxEntries ? sweepMs : fullSweepMs)) return
    this.#sweptAt = now
    for (const [key, { until }] of this.#counted) if (until <= now) this.#counted.delete(key)
  }
}
