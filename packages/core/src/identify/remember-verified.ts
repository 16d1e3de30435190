import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../principal.js'
import { Refusal } from '../refusal.js'

/** Verified tokens that are remembered. About 300 bytes each. */
const rememberedTokens = 20_000

/** A token is verified anew after this time, so that a key which its issuer withdrew is not good for longer, in milliseconds. */
const longestRememberedMs = 300_000

/** What verifying a token found. */
export interface Verified {
  readonly principal: Principal
  /** Milliseconds since the epoch. */
  readonly goodUntil: number
}

interface Remembered extends Verified {
  readonly verifiedAt: number
}

/**
 * Verifies each token once and remembers it under the SHA-256 of all of it, so that a second token which only
 * begins alike is a different token.
 *
 * @throws {Refusal} `caller_expired` where a remembered one has expired, and what `verifyOnce` throws.
 */
export function rememberVerified(verifyOnce: (token: string) => Promise<Verified>): (token: string) => Principal | Promise<Principal> {
  const remembered = new LRUCache<string, Remembered>({ max: rememberedTokens })

  async function verifyAndRemember(token: string, digest: string): Promise<Principal> {
    const { principal, goodUntil } = await verifyOnce(token)
    remembered.set(digest, { principal, goodUntil, verifiedAt: Date.now() })
    return principal
  }

  return (token) => {
    const digest = hash('sha256', token)
    const found = remembered.get(digest)
    const now = Date.now()
    if (found === undefined || now - found.verifiedAt > longestRememberedMs) return verifyAndRemember(token, digest)
    if (now >= found.goodUntil) throw new Refusal('caller_expired')
    return found.principal
  }
}
