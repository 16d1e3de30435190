import { createHash } from 'node:crypto'

/**
 * The SHA-256 of a key as base64url, which a store keeps instead of the key: a key may be a proof or name a person,
 * and other people can read the store.
 */
export function digestKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
