import type { PublicAddress } from '../public-address.js'
import type { Principal, PrincipalFields } from '../principal.js'
import { Refusal } from '../refusal.js'
import { reachStore } from '../store/reach-store.js'
import type { Store } from '../store/store.js'
import { isToken, type Verifier } from './verifier.js'

export interface AnonymousOptions extends PrincipalFields {
  /** The most calls of one network in a window. */
  readonly limit: number
  /** The length of a window, in milliseconds. */
  readonly windowMs: number
  readonly store: Store
  readonly publicAddress: PublicAddress
  /** The network of an address, which counts as one caller. */
  readonly networkOf: (address: string) => string
}

/**
 * Accepts a request without a token (cookies do not count as one) as the principal that `callers.anonymous` names, and
 * counts such calls per network. A token that fails its verification is never taken for anonymous.
 */
export function createAnonymousVerifier(options: AnonymousOptions): Verifier {
  const { user, team, project, limit, windowMs, store, publicAddress, networkOf } = options
  const principal: Principal = { user, team, project, via: 'anonymous', caller: 'anonymous', delegate: false }
  return {
    via: 'anonymous',
    recognises: (credential) => !isToken(credential),
    async verify(_, arrival) {
      const now = Date.now()
      const window = Math.floor(now / windowMs)
      const endsAt = (window + 1) * windowMs
      const calls = await reachStore(store.count(`anonymous:${networkOf(publicAddress.clientOf(arrival))}:${window}`, endsAt))
      if (calls <= limit) return principal
      throw new Refusal('rate_limited', {
        message: 'Too many requests of this address came without a credential.',
        retryAfterSeconds: Math.min(60, Math.ceil((endsAt - now) / 1000)),
      })
    },
  }
}
