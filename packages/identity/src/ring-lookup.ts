import { hash, timingSafeEqual } from 'node:crypto'
import type { RingEntry } from '@postern/ports'

/** Returns the entry of a credential; `undefined` if it is not in the ring. */
export type RingLookup = (credential: string) => RingEntry | undefined

/** How many credentials that were found are remembered; then all are forgotten. */
const mostRemembered = 1000

/**
 * Compiles a ring to a lookup whose cost does not grow with the number of callers.
 *
 * The map is keyed by SHA-256 of the credential. So the timing of the lookup tells only about hash values, which an attacker
 * cannot choose. The final comparison is constant-time as well. A credential that was found once is remembered for as long as this
 * ring is in use, so that a caller costs one digest and not one for each request; one that was not found never is.
 */
export function createRingLookup(entries: readonly RingEntry[]): RingLookup {
  const byDigest = new Map(entries.map((entry) => [entry.digest, { entry, bytes: Buffer.from(entry.digest, 'hex') }]))
  const remembered = new Map<string, RingEntry>()
  return (credential) => {
    const known = remembered.get(credential)
    if (known !== undefined) return known
    const digest = hash('sha256', credential)
    const found = byDigest.get(digest)
    if (found === undefined || !timingSafeEqual(found.bytes, Buffer.from(digest, 'hex'))) return undefined
    if (remembered.size === mostRemembered) remembered.clear()
    remembered.set(credential, found.entry)
    return found.entry
  }
}
