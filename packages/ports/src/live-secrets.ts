import { createSecretWindows, findFirstOf, type FindSecret } from './secret-windows.js'
import type { Secret } from './secret.js'

/** How many secrets may come or go before the table of all is made anew. */
const maxRecent = 256

/**
 * Secrets that come and go while the process runs, such as keys that a source gives. Redactors search for them beside those that they
 * were made with.
 *
 * New secrets get a small table of their own at first, so that many that come one after another do not each cost a table of all. A
 * secret that was removed may be searched for until that table is made anew: once as many have gone as are left, or {@link maxRecent}.
 */
export class LiveSecrets {
  readonly #counts = new Map<string, { readonly secret: Secret; count: number }>()
  readonly #recent = new Map<string, Secret>()
  #removed = 0
  #findSettled: FindSecret = createSecretWindows([])
  #find: FindSecret | undefined = this.#findSettled
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
    this.#recent.set(secret.fingerprint(), secret)
    this.#find = undefined
    this.#version += 1
  }

  /** Removes a secret once; it is searched for until it was removed as often as it was added. */
  remove(secret: Secret): void {
    const fingerprint = secret.fingerprint()
    const known = this.#counts.get(fingerprint)
    if (known === undefined) return
    known.count -= 1
    if (known.count > 0) return
    this.#counts.delete(fingerprint)
    if (this.#recent.delete(fingerprint)) this.#find = undefined
    else this.#removed += 1
    if (this.#removed >= Math.min(maxRecent, this.#counts.size)) this.#settle()
  }

  readonly find: FindSecret = (text, onlyWhole) => {
    if (this.#recent.size >= maxRecent) this.#settle()
    this.#find ??= findFirstOf([this.#findSettled, createSecretWindows([...this.#recent.values()].map((secret) => secret.reveal()))])
    return this.#find(text, onlyWhole)
  }

  #settle(): void {
    this.#recent.clear()
    this.#removed = 0
    this.#findSettled = createSecretWindows([...this.#counts.values()].map(({ secret }) => secret.reveal()))
    this.#find = this.#findSettled
  }
}
