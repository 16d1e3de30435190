import type { Arrival } from './arrival.js'
import type { Principal } from './principal.js'

/**
 * Returns the principal of a request, by its verified credential and nothing else.
 *
 * @throws {Refusal} 401 `caller_…` and `proof_…`, 400 `credential_in_request`, 403 `delegation_not_allowed`,
 *   `origin_not_allowed` and `cross_site_refused`, 503 `caller_check_unavailable` and `store_unavailable`, 429
 *   `rate_limited` in place of a 401 after too many failures from one address.
 */
export type Identify = (arrival: Arrival) => Principal | Promise<Principal>
