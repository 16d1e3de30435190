import type { PublicAddress } from '../public-address.js'
import type { Principal, PrincipalFields } from '../principal.js'
import { Refusal } from '../refusal.js'
import { reachStore } from '../store/reach-store.js'
import type { Store } from '../store/store.js'
import { isToken, type Verifier } from './verifier.js'

export interface AnonymousOptions extends PrincipalFields {
  /** Calls of one address in a window. */
  readonly limit: number
  readonly windowMs: number
  readonly store: Store
  readonly publicAddress: PublicAddress
  /** The network that counts as one caller. */
  readonly networkOf: (address: string) => string
}

/**
 * Takes callers that bring no credential at all, as one that the operator named for them, and counts their calls
 * by address. Whoever brings a credential that fails is not one of them.
 */
export function createAnonymousVerifier(options: AnonymousOptions): Verifier {
  const { user, team, project, limit, windowMs, store, publicAddress, networkOf } = options
  const principal: Principal = { user, team, project, via: 'anonymous', caller: 'anonymous', delegate: false }
  return {
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
