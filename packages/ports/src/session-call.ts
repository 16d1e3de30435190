import type { Principal } from './principal.js'
import type { Cut } from './refusal.js'

/** What a call waits for now, and is ended at. */
export interface Cuttable {
  /** Ends it at once. Does nothing if it has ended. */
  cut(cut: Cut): void
}

/** One call of a session, from when its caller is known until it is accounted for. Ends once its session is revoked. */
export interface SessionCall {
  readonly principal: Principal
  readonly isRevoked: boolean
  /** Says what the call waits for from now on. If its session was revoked in the meantime, that is cut at once. */
  waitsFor(now: Cuttable): void
  /** The call has ended. */
  over(): void
}
