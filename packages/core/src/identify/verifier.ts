import type { Principal } from '../principal.js'

/** One way to prove who is calling. */
export interface Verifier {
  /** Whether the credential has this verifier's form. Cheap, and decides: no other verifier is asked afterwards. */
  recognises(credential: string): boolean
  /**
   * @throws {Refusal} `caller_invalid`, `caller_expired` or `caller_check_unavailable`. A failed proof never falls through to a weaker verifier.
   */
  verify(credential: string): Principal | Promise<Principal>
}
