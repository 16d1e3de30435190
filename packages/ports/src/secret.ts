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

  /** In characters. */
  get length(): number {
    return this.#value.length
  }

  /** Whether another secret is the same text. */
  equals(other: Secret): boolean {
    return this.#value === other.#value
  }

  /** Derives a key of 256 bits for one purpose; the secret cannot be computed from it (HKDF, RFC 5869). */
  deriveKey(purpose: string): KeyObject {
    return createSecretKey(Buffer.from(hkdfSync('sha256', this.#value, '', purpose, 32)))
  }

  /**
   * Makes a map in which equal secrets have one entry. It compares whole texts and keeps them, so it must not outlive the secrets. For
   * many secrets at once, of which {@link Secret.fingerprint} would hash each.
   */
  static createMap<Value>(): SecretMap<Value> {
    const values = new Map<string, Value>()
    return { get: (secret) => values.get(secret.#value), set: (secret, value) => void values.set(secret.#value, value) }
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

/** Values by secrets; see {@link Secret.createMap}. */
export interface SecretMap<Value> {
  get(secret: Secret): Value | undefined
  set(secret: Secret, value: Value): void
}
