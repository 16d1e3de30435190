import type { Arrival, Principal } from '@postern/ports'
import type { Credential } from './credential.js'

/** Verifies one kind of credential. */
export interface Verifier {
  /** The kind of credential that this verifier accepts. The principal and the ledger entry have it as `via`. */
  readonly via: Principal['via']
  /**
   * Whether the credential looks like one for this verifier; must be cheap. Verifiers are asked in order: the first that returns
   * `true` verifies the credential, and no other verifier gets it.
   */
  recognises(credential: Credential): boolean
  /** Whether this verifier accepts cookies as a credential. Used only for the help text of a refusal. Default: `false`. */
  readonly acceptsCookies?: boolean
  /**
   * Verifies the credential and returns its principal. If the verification fails, no other verifier gets the credential.
   *
   * @throws {Refusal} or rejects with it: 401 `caller_invalid`, `caller_expired` or `caller_revoked`, 403 `cross_site_refused`,
   *   429 `rate_limited`, 503 `caller_check_unavailable` or `store_unavailable`.
   */
  verify(credential: Credential, arrival: Arrival): Principal | Promise<Principal>
}

/** Whether the credential came in the `Authorization` header, as `Bearer` or `DPoP`: a token or a service credential. */
export function isFromAuthorization({ form }: Credential): boolean {
  return form === 'bearer' || form === 'dpop'
}
