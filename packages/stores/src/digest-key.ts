import { createHash } from 'node:crypto'

/** What stands in a store for a key: its SHA-256 as base64url. A key may be a proof or name a person, and a store is read by others. */
export function digestKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
