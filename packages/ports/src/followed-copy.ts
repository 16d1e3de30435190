import { reachStore } from './reach-store.js'
import { Refusal } from './refusal.js'

/** If a copy is older than this, a request renews it in the background, in milliseconds. */
const freshMs = 300

/** If a copy is older than this, a request waits for its renewal, in milliseconds: a change in the store counts within a second. */
const staleMs = 700

/**
 * When a copy in memory of what a store keeps is renewed. Requests renew it, so that a look at the copy costs no I/O while calls come
 * often, and nothing is asked while none come.
 */
export class FollowedCopy {
  readonly #read: () => Promise<void>
  readonly #what: string
  #renewedAt = -Infinity
  #renewal: Promise<void> | undefined

  /**
   * @param read Takes into the copy what is new in the store.
   * @param what What is copied, for the cause of a refusal: `its revocations`.
   */
  constructor(read: () => Promise<void>, what: string) {
    this.#read = read
    this.#what = what
  }

  /**
   * Returns `undefined` if the copy is fresh enough to be used now, otherwise a promise for when it is.
   *
   * @throws {Refusal} 503 `store_unavailable`, by rejecting.
   */
  freshened(): Promise<void> | undefined {
    const ageMs = performance.now() - this.#renewedAt
    if (ageMs > staleMs) return this.#waitForRenewal()
    // Ignore a failure here: when the copy is older than `staleMs`, the next request waits for a renewal and sees it.
    if (ageMs > freshMs && this.#renewal === undefined) this.renew().catch(() => {})
    return undefined
  }

  /** Renews the copy. There is one renewal at a time; all callers share it. */
  renew(): Promise<void> {
    return (this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined
    }))
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now()
    await this.#read()
    this.#renewedAt = askedAt
  }

  /** If a renewal that was already under way began too long ago, renews once more. */
  async #waitForRenewal(): Promise<void> {
    for (let again = true; ; again = false) {
      await reachStore(this.renew())
      if (performance.now() - this.#renewedAt <= staleMs) return
      if (!again)
        throw new Refusal('store_unavailable', { retryAfterSeconds: 1, cause: `The store answers too slowly to follow ${this.#what}.` })
    }
  }
}
