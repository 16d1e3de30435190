import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Principal, Refusal } from '@postern/ports'

/** The most verified tokens in the cache. About 300 bytes each. */
const rememberedTokens = 20_000

/** A token is verified again after this time, in milliseconds: a key that its issuer withdrew counts for no longer. */
const maxRememberedMs = 300_000

/** The result of verifying a token. */
export interface Verified {
  readonly principal: Principal
  /** When the token expires, in milliseconds since the epoch. */
  readonly goodUntil: number
}

interface Remembered extends Verified {
  readonly verifiedAt: number
}

/**
 * Verifies each token once and caches the result under the SHA-256 of the whole token.
 *
 * @throws {Refusal} 401 `caller_expired`, from the returned function, if a cached token has expired; and what
 *   `verifyOnce` throws.
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
    if (found === undefined || now - found.verifiedAt > maxRememberedMs) return verifyAndRemember(token, digest)
    if (now >= found.goodUntil) throw new Refusal('caller_expired')
    return found.principal
  }
}
