import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * A secret that cannot be printed.
 *
 * Turned into text, JSON or a console line in any way it is `[secret]`; the value lives in a private field
 * that no debugger print, structured clone or property walk reaches. {@link Secret.reveal} is the only way out. A test
 * names the files that may call it: where a key is sent, a credential is checked or minted, or a text is
 * searched for secrets.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  /** A key of 256 bits for one purpose, from which the secret cannot be told (HKDF, RFC 5869). */
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
