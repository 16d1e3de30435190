import { createSecretWindows, type FindSecret } from './secret-windows.js'
import type { Secret } from './secret.js'

/**
 * Secrets that come and go while the process runs, such as keys that a source gives. Redactors search for them beside those that they
 * were made with.
 */
export class LiveSecrets {
  readonly #counts = new Map<string, { readonly secret: Secret; count: number }>()
  #find: FindSecret | undefined
  #version = 0

  /** Another number after each secret that came. */
  get version(): number {
    return this.#version
  }

  add(secret: Secret): void {
    const known = this.#counts.get(secret.fingerprint())
    if (known !== undefined) {
      known.count += 1
      return
    }
    this.#counts.set(secret.fingerprint(), { secret, count: 1 })
    this.#find = undefined
    this.#version += 1
  }

  /** Removes a secret once; it is searched for until it was removed as often as it was added. */
  remove(secret: Secret): void {
    const known = this.#counts.get(secret.fingerprint())
    if (known === undefined) return
    known.count -= 1
    if (known.count > 0) return
    this.#counts.delete(secret.fingerprint())
    this.#find = undefined
  }

  readonly find: FindSecret = (text, onlyWhole) => {
    this.#find ??= createSecretWindows([...this.#counts.values()].map(({ secret }) => secret.reveal()))
    return this.#find(text, onlyWhole)
  }
}
