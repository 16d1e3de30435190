/**
 * Tells the time that this process takes for a call from the time that the call waits for others: for its client's body, a queue, a
 * gateway, the store. All times are milliseconds.
 */
export class Stopwatch {
  /** When the request arrived, by `performance.now()`. */
  readonly startedAt = performance.now()
  #waitedMs = 0

  /** Everything since the arrival. */
  wholeMs(): number {
    return performance.now() - this.startedAt
  }

  /**
   * The time since the arrival without waits. Take it when a wait begins, and give it to {@link waitedSince} when the wait ends.
   *
   * @param now By `performance.now()`, which is the default.
   */
  ownMs(now = performance.now()): number {
    return now - this.startedAt - this.#waitedMs
  }

  /** Everything since {@link ownMs} returned this was waiting. A wait within it is not counted twice. */
  waitedSince(ownMs: number): void {
    this.#waitedMs = performance.now() - this.startedAt - ownMs
  }
}
