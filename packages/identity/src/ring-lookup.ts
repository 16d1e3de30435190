import { hash, timingSafeEqual } from 'node:crypto'
import type { RingEntry } from '@postern/ports'

/** Returns the label of a credential's caller; `undefined` if it is not in the ring. */
export type RingLookup = (credential: string) => string | undefined

/**
 * Compiles a ring to a lookup whose cost does not grow with the number of callers.
 *
 * The map is keyed by SHA-256 of the credential. So the timing of the lookup tells only about hash values, which an attacker
 * cannot choose. The final comparison is constant-time as well.
 */
export function createRingLookup(entries: readonly RingEntry[]): RingLookup {
  const byDigest = new Map(entries.map(({ label, digest }) => [digest, { label, bytes: Buffer.from(digest, 'hex') }]))
  return (credential) => {
    const digest = hash('sha256', credential)
    const found = byDigest.get(digest)
    return found !== undefined && timingSafeEqual(found.bytes, Buffer.from(digest, 'hex')) ? found.label : undefined
  }
}
