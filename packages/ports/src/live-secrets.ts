import { type FindSecret, SecretWindows } from './secret-windows.js'
import type { Secret } from './secret.js'

/**
 * Secrets that come and go while the process runs, such as keys that a source gives. Redactors search for them beside those that they
 * were made with. Of a secret that has gone nothing is kept.
 */
export class LiveSecrets {
  /** How often each secret was added and not removed, by its fingerprint. */
  readonly #counts = new Map<string, number>()
  readonly #windows = new SecretWindows()
  #version = 0

  /** Another number after each secret that came. */
  get version(): number {
    return this.#version
  }

  add(secret: Secret): void {
    const count = this.#counts.get(secret.fingerprint()) ?? 0
    this.#counts.set(secret.fingerprint(), count + 1)
    if (count > 0) return
    this.#windows.add(secret.reveal())
    this.#version += 1
  }

  /** Removes a secret once; it is searched for until it was removed as often as it was added. */
  remove(secret: Secret): void {
    const count = this.#counts.get(secret.fingerprint())
    if (count === undefined) return
    if (count > 1) {
      this.#counts.set(secret.fingerprint(), count - 1)
      return
    }
    this.#counts.delete(secret.fingerprint())
    this.#windows.remove(secret.reveal())
  }

  readonly find: FindSecret = (text, onlyWhole) => this.#windows.find(text, onlyWhole)
}
