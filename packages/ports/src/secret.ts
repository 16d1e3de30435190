import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'

/** Makes fingerprints useless outside of this process, and beyond its end. */
const fingerprintKey = randomBytes(32)

/**
 * A secret that cannot be printed.
 *
 * As text, as JSON and on the console it is `[secret]`: the value is in a private field, which no print, structured clone
 * or property walk reaches. Only {@link Secret.reveal} returns it. A test lists the files that may call `reveal`: those that
 * send a key, check or mint a credential, or search a text for secrets.
 */
export class Secret {
  readonly #value: string
  #fingerprint: string | undefined

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  /** Derives a key of 256 bits for one purpose; the secret cannot be computed from it (HKDF, RFC 5869). */
  deriveKey(purpose: string): KeyObject {
    return createSecretKey(Buffer.from(hkdfSync('sha256', this.#value, '', purpose, 32)))
  }

  /** A text that is equal for equal secrets, in this process alone, and from which the secret cannot be computed. */
  fingerprint(): string {
    return (this.#fingerprint ??= createHmac('sha256', fingerprintKey).update(this.#value).digest('base64url'))
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [Symbol.toPrimitive](): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
