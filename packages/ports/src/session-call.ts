import type { Principal } from './principal.js'
import type { Cut } from './refusal.js'

/**
 * What a call is waiting for: a promise of a room, its turn in a queue, or the gateway's answer. A revocation or a shutdown ends the
 * wait.
 */
export interface Cuttable {
  /** Ends the wait at once. Does nothing if the wait is over. */
  cut(cut: Cut): void
}

/** One call of a session, from when its caller is known until its ledger entry is written. A revocation of the session ends the call. */
export interface SessionCall {
  readonly principal: Principal
  readonly isRevoked: boolean
  /** Says what the call is waiting for from now on. If its session has been revoked meanwhile, that wait is cut at once. */
  waitsFor(now: Cuttable): void
  /** The call has ended. */
  over(): void
}
