import type { Arrival } from '../arrival.js'
import type { Principal } from '../principal.js'
import type { Credential } from './credential.js'

/** One way to prove who is calling. */
export interface Verifier {
  /** Whether the credential has this verifier's form. Cheap, and decides: no other verifier is asked afterwards. */
  recognises(credential: Credential): boolean
  /** Whether it takes cookies for a credential. */
  readonly asksForCookies?: boolean
  /**
   * @throws {Refusal} 401 `caller_…`, 403 `cross_site_refused`, 429 `rate_limited`, 503 `caller_check_unavailable` or
   *   `store_unavailable`. A failed proof never falls through to a weaker verifier.
   */
  verify(credential: Credential, arrival: Arrival): Principal | Promise<Principal>
}

/** Whether a credential is a token or key of its own, rather than the browser's cookies or nothing. */
export function isToken({ form }: Credential): boolean {
  return form === 'bearer' || form === 'dpop'
}
