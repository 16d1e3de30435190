import { randomBytes, timingSafeEqual } from 'node:crypto'
import { digestOf } from './one-time-code.js'

/** How long a page may ask at most, in milliseconds: twelve hours. */
export const tokenMs = 12 * 3_600_000

/** The token that the page holds in memory. One page has it at a time: a newer token ends the one before. */
export class PageToken {
  #digest: Buffer | undefined
  #endsAt = 0
  readonly #now: () => number

  /** @param now A clock in milliseconds that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Makes a token: 256 random bits as base64url. This process keeps its digest alone. */
  issue(): string {
    const token = randomBytes(32).toString('base64url')
    this.#digest = digestOf(token)
    this.#endsAt = this.#now() + tokenMs
    return token
  }

  /** Whether the value of the header `Authorization` is `Bearer` and the token of now. */
  isIn(authorization: string | undefined): boolean {
    const [, presented] = /^Bearer ([\w-]{1,128})$/.exec(authorization ?? '') ?? []
    if (presented === undefined || this.#digest === undefined || this.#now() >= this.#endsAt) return false
    return timingSafeEqual(this.#digest, digestOf(presented))
  }
}
