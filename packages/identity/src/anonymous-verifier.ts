import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Counters, entryOwnerOf, type Principal, type PrincipalFields, type PublicAddress, reachStore, Refusal } from '@postern/ports'
import { isFromAuthorization, type Verifier } from './verifier.js'

export interface AnonymousOptions extends PrincipalFields {
  /** The most calls of one network in a window. */
  readonly limit: number
  /** The length of a window, in milliseconds. */
  readonly windowMs: number
  readonly counters: Counters
  readonly publicAddress: PublicAddress
  /** The network of an address, which counts as one caller. */
  readonly networkOf: (address: string) => string
}

/** The most networks whose principal is remembered. */
const rememberedNetworks = 10_000

/**
 * Accepts a request without a token (cookies do not count as one) as the principal that `callers.anonymous` names, and
 * counts such calls per network. A token that fails its verification is never taken for anonymous.
 */
export function createAnonymousVerifier(options: AnonymousOptions): Verifier {
  const { user, team, project, limit, windowMs, counters, publicAddress, networkOf } = options
  const shared: Principal = { user, team, project, via: 'anonymous', caller: 'anonymous', delegate: false }
  const known = new LRUCache<string, Principal>({ max: rememberedNetworks })

  /** Each network is a caller of its own. The ledger names none of them, and the principal has only a digest of it. */
  function principalOf(network: string): Principal {
    let principal = known.get(network)
    if (principal === undefined) known.set(network, (principal = { ...shared, holder: hash('sha256', network, 'base64url') }))
    return principal
  }

  return {
    via: 'anonymous',
    recognises: (credential) => !isFromAuthorization(credential),
    async verify(_, arrival) {
      const now = Date.now()
      const window = Math.floor(now / windowMs)
      const endsAt = (window + 1) * windowMs
      const network = networkOf(publicAddress.clientOf(arrival))
      const principal = principalOf(network)
      const calls = await reachStore(counters.add(`anonymous:${network}:${window}`, endsAt, entryOwnerOf(principal)))
      if (calls <= limit) return principal
      throw new Refusal('rate_limited', {
        message: 'Too many requests of this address came without a credential.',
        retryAfterSeconds: Math.min(60, Math.ceil((endsAt - now) / 1000)),
      })
    },
  }
}
