import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * A secret that cannot be printed.
 *
 * As text, as JSON and on the console it is `[secret]`: the value is in a private field, which no print, structured clone
 * or property walk reaches. Only {@link Secret.reveal} returns it. A test lists the files that may call `reveal`: those that
 * send a key, check or mint a credential, or search a text for secrets.
 */
export class Secret {
  readonly #value: string

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
