import { TimedSecret } from './timed-secret.js'

/** How long a code can be traded for a token, in milliseconds. */
export const codeMs = 60_000

/** The code of a link: it is good once, and for {@link codeMs}. A newer code ends the one before. */
export class OneTimeCode {
  readonly #code: TimedSecret

  /** @param now A clock in milliseconds that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#code = new TimedSecret(codeMs, now)
  }

  /** Makes a code. */
  issue(): string {
    return this.#code.issue()
  }

  /** Whether this is the code. If so, it is used up. A wrong code ends nothing: it says nothing of the right one. */
  take(presented: string): boolean {
    if (!this.#code.isLast(presented)) return false
    this.#code.forget()
    return !this.#code.isOver
  }
}
