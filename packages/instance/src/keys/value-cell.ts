import { FormerSealing } from '@postern/core'
import { HeldValue, type Searches } from './held-value.js'
import type { SourcedValue } from './secret-source.js'

/** Of how many earlier values the key of their seals is remembered, so that ids of stored objects which were sealed with them can be read. */
const maxFormer = 8

/**
 * What is known of one place at a source. It outlives a configuration: while another credential is tried at the source, what was read
 * with the earlier one stays in use for as long as it counts.
 */
export class ValueCell {
  readonly #searches: Searches
  #held: HeldValue | undefined
  /** Until when it counts, by `performance.now()`. */
  #until = 0
  #former: readonly FormerSealing[] = []

  constructor(searches: Searches) {
    this.#searches = searches
  }

  /** The value, if there is one that counts now. */
  get current(): HeldValue | undefined {
    return performance.now() < this.#until ? this.#held : undefined
  }

  /** What is left of earlier values, the latest one first. */
  get former(): readonly FormerSealing[] {
    return this.#former
  }

  /**
   * Takes what a source gave.
   *
   * @param countsMs For how long it counts, unless it ends by itself or its lease is shorter.
   * @param since When the source was asked, by `performance.now()`: its time may run from then on.
   * @returns Whether it is another value than the last one, also if that one was dropped meanwhile.
   */
  take({ secret, lifeMs, leaseMs = Infinity, madeAt }: SourcedValue, countsMs: number, since: number): boolean {
    const endsAt = lifeMs === undefined ? undefined : since + lifeMs
    this.#until = endsAt ?? since + Math.min(leaseMs, countsMs)
    const held = this.#held
    if (held?.secret.equals(secret) === true) {
      held.lastsUntil(endsAt)
      return false
    }
    this.#leave()
    this.#held = new HeldValue(secret, this.#searches, endsAt, madeAt)
    return this.#former[0]?.isOf(secret) === false
  }

  /** The value must not be used any more. */
  drop(): void {
    this.#until = 0
    this.#leave()
  }

  #leave(): void {
    if (this.#held === undefined) return
    this.#held.replace()
    this.#former = [new FormerSealing(this.#held.secret), ...this.#former].slice(0, maxFormer)
    this.#held = undefined
  }
}
