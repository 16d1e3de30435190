import type { KeyObject } from 'node:crypto'

/** What ids of stored objects are sealed with: a secret, or what is left of a former one. */
export interface Sealing {
  deriveKey(purpose: string): KeyObject
}

/** The key that a secret gives for seals. */
export function sealingKeyOf(secret: Sealing): KeyObject {
  // A part of every seal that callers have: another text here would make all of them invalid.
  return secret.deriveKey('postern task seal')
}
