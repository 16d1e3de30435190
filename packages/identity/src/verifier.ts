import type { Arrival, Principal } from '@postern/ports'
import type { Credential } from './credential.js'

/** Verifies one kind of credential. */
export interface Verifier {
  /** The kind of credential. */
  readonly via: Principal['via']
  /** Whether the credential has this verifier's form. Cheap. The first verifier that says `true` decides alone. */
  recognises(credential: Credential): boolean
  /** Whether this verifier accepts cookies as a credential. Default: no. */
  readonly asksForCookies?: boolean
  /**
   * Returns the verified principal. A credential that fails is never given to another verifier.
   *
   * @throws {Refusal} 401 `caller_…`, 403 `cross_site_refused`, 429 `rate_limited`, 503 `caller_check_unavailable` or
   *   `store_unavailable`.
   */
  verify(credential: Credential, arrival: Arrival): Principal | Promise<Principal>
}

/** Whether a credential is a token from `Authorization`, not cookies or nothing. */
export function isToken({ form }: Credential): boolean {
  return form === 'bearer' || form === 'dpop'
}
