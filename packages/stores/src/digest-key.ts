import { createHash } from 'node:crypto'

/**
 * Returns the SHA-256 of a store key, in base64url. Stores save this digest and not the key: the key may contain the id of a proof,
 * an IP network or the name of a user, and people or programs other than Postern may read the store.
 */
export function digestKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
