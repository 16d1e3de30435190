import type { KeyObject } from 'node:crypto'
import type { Secret } from '@postern/ports'
import { sealingKeyOf, type Sealing } from './sealing.js'

/**
 * What is left of a secret that is not sent any more: ids of stored objects that were sealed with it open, and the secret itself cannot
 * be computed from what is left.
 */
export class FormerSealing implements Sealing {
  readonly #key: KeyObject
  readonly #fingerprint: string

  constructor(secret: Secret) {
    this.#key = sealingKeyOf(secret)
    this.#fingerprint = secret.fingerprint()
  }

  deriveKey(): KeyObject {
    return this.#key
  }

  /** Whether a secret is the one that is left of. */
  isOf(secret: Secret): boolean {
    return this.#fingerprint === secret.fingerprint()
  }
}
