import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a code can be traded for a token, in milliseconds. */
export const codeMs = 60_000

/** The code of a link: it is good once, and for {@link codeMs}. A newer code ends the one before. */
export class OneTimeCode {
  #digest: Buffer | undefined
  #endsAt = 0
  readonly #now: () => number

  /** @param now A clock in milliseconds that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Makes a code: 256 random bits as base64url. */
  issue(): string {
    const code = randomBytes(32).toString('base64url')
    this.#digest = digestOf(code)
    this.#endsAt = this.#now() + codeMs
    return code
  }

  /** Whether this is the code. If so, it is used up. A wrong code ends nothing: it says nothing of the right one. */
  take(presented: string): boolean {
    const digest = this.#digest
    if (digest === undefined || !timingSafeEqual(digest, digestOf(presented))) return false
    this.#digest = undefined
    return this.#now() < this.#endsAt
  }
}

/** SHA-256: two digests have the same length, so that they can be compared in constant time. */
export function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
