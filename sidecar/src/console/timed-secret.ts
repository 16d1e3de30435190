import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A random text that is good for a while, one at a time: a newer one ends the one before. This process keeps its digest alone. */
export class TimedSecret {
  #digest: Buffer | undefined
  #endsAt = 0
  readonly #lifeMs: number
  readonly #now: () => number

  /** @param now A clock in milliseconds that never goes back. */
  constructor(lifeMs: number, now: () => number) {
    this.#lifeMs = lifeMs
    this.#now = now
  }

  /** Makes one: 256 random bits as base64url. */
  issue(): string {
    const text = randomBytes(32).toString('base64url')
    this.#digest = digestOf(text)
    this.#endsAt = this.#now() + this.#lifeMs
    return text
  }

  /** Whether a text is the one that was made last. Takes as long for each text. */
  isLast(presented: string): boolean {
    return this.#digest !== undefined && timingSafeEqual(this.#digest, digestOf(presented))
  }

  /** Whether the time of the last one is over. */
  get isOver(): boolean {
    return this.#now() >= this.#endsAt
  }

  /** Ends the last one. */
  forget(): void {
    this.#digest = undefined
  }
}

/** SHA-256: two digests have the same length, so that they can be compared in constant time. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
