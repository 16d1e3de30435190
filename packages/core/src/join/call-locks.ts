import { type EntryOwner, isNotAsked, type Locks, reachStore } from '@postern/ports'

/** How often the locks of calls under way are extended, in milliseconds. */
const roundMs = 60_000

/** The most releases that wait to be tried again. A lock that is not released is free when its time is over. */
const mostWaiting = 10_000

/** Who holds a lock of a call under way, and whose call it is. */
interface Held {
  readonly holder: string
  readonly owner: EntryOwner | undefined
}

/** Holds the locks of the keyed calls of this process, so that no other process sends the same call. */
export class CallLocks {
  readonly #locks: Locks
  readonly #keptMs: number
  /** The locks of calls under way, by their keys. */
  readonly #held = new Map<string, Held>()
  /** Key and holder of locks that are to be released. */
  readonly #unreleased = new Map<string, string>()
  /** The commands to the store about ended calls that it has not answered yet. */
  readonly #telling = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #isRounding = false
  /** The lock that `round` extends now; `told` resolves once the store has answered. */
  #extending: { readonly key: string; readonly told: Promise<void> } | undefined

  /** @param keptMs For how long a lock is held without word from its process, and after its call ended, in milliseconds. */
  constructor(locks: Locks, keptMs: number) {
    this.#locks = locks
    this.#keptMs = keptMs
    this.#timer = setInterval(() => void this.round(), Math.min(roundMs, keptMs / 4)).unref()
  }

  /**
   * Takes the lock of a key.
   *
   * @param owner Whose call it is.
   * @returns The holder of the lock now.
   * @throws {Refusal} 503 `store_unavailable`.
   */
  async take(key: string, holder: string, owner?: EntryOwner): Promise<string> {
    const left = this.#unreleased.get(key)
    if (left !== undefined) await reachStore(this.#release(key, left))
    const found = await reachStore(this.#locks.take(key, holder, Date.now() + this.#keptMs, owner)).catch((error: unknown) => {
      // The lock may have been taken, and nothing will be sent.
      if (!isNotAsked(error)) this.#willRelease(key, holder)
      throw error
    })
    if (found === holder) this.#held.set(key, { holder, owner })
    return found
  }

  /** The call was not billed: its key is free for another one. */
  release(key: string, holder: string): void {
    this.#held.delete(key)
    this.#willRelease(key, holder)
    // If the release fails, it is tried again in the next round, and before the key is taken again.
    this.#tell(this.#release(key, holder))
  }

  /** The call ended and may have been billed: its key is not free before `keptMs` have passed. */
  keep(key: string, holder: string): void {
    const owner = this.#held.get(key)?.owner
    this.#held.delete(key)
    // If the store does not answer, the lock holds for what is left of its time.
    this.#tell(this.#locks.take(key, holder, Date.now() + this.#keptMs, owner))
  }

  #tell(told: Promise<unknown>): void {
    const telling = settled(told)
    this.#telling.add(telling)
    void telling.then(() => this.#telling.delete(telling))
  }

  #willRelease(key: string, holder: string): void {
    if (this.#unreleased.size < mostWaiting) this.#unreleased.set(key, holder)
  }

  async #release(key: string, holder: string): Promise<void> {
    // If the store got this `take` after the release, it would lock the key again.
    if (this.#extending?.key === key) await this.#extending.told
    await this.#locks.release(key, holder)
    if (this.#unreleased.get(key) === holder) this.#unreleased.delete(key)
  }

  /** Extends the locks of calls under way, and releases what could not be released. Does nothing while another round is under way. */
  async round(): Promise<void> {
    if (this.#isRounding) return
    this.#isRounding = true
    try {
      for (const [key, holder] of this.#unreleased) await this.#release(key, holder)
      for (const [key, held] of this.#held) await this.#extend(key, held)
    } catch {
      // The next round tries again. A call that takes a lock meanwhile is refused with `store_unavailable`.
    } finally {
      this.#isRounding = false
    }
  }

  async #extend(key: string, { holder, owner }: Held): Promise<void> {
    const taking = this.#locks.take(key, holder, Date.now() + this.#keptMs, owner)
    this.#extending = { key, told: settled(taking) }
    try {
      await taking
    } finally {
      this.#extending = undefined
    }
  }

  /** Waits for what the store is being told, and stops. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#telling)
  }
}

/** Resolves once a promise has settled. */
async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => {})
}
