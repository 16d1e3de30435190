import { TimedSecret } from './timed-secret.js'

/** How long a page may ask at most, in milliseconds: twelve hours. */
export const tokenMs = 12 * 3_600_000

/** The token that the page holds in memory. One page has it at a time: a newer token ends the one before. */
export class PageToken {
  readonly #token: TimedSecret

  /** @param now A clock in milliseconds that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#token = new TimedSecret(tokenMs, now)
  }

  /** Makes a token. */
  issue(): string {
    return this.#token.issue()
  }

  /** Whether the value of the header `Authorization` is `Bearer` and the token of now. */
  isIn(authorization: string | undefined): boolean {
    const [, presented] = /^Bearer ([\w-]{1,128})$/.exec(authorization ?? '') ?? []
    return presented !== undefined && !this.#token.isOver && this.#token.isLast(presented)
  }
}
