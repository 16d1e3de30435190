import type { Listed, OpenList } from './lib/open-list.js'
import type { Principal } from './principal.js'
import { type Cut, cutByRevocation } from './refusal.js'

/** What a call waits for now, and is ended at. */
export interface Cuttable {
  /** Ends it at once. Does nothing if it has ended. */
  cut(cut: Cut): void
}

/**
 * One call of a session, from when its caller is known until it is accounted for. Ends once its session is revoked.
 *
 * A class for the reason in ADR 0003: every call of a session makes one.
 */
export class SessionCall implements Listed {
  readonly principal: Principal
  readonly #open: OpenList<SessionCall>
  place = -1
  #now: Cuttable | undefined
  #isRevoked = false

  /** @param open The calls under way; contains this call until it is over. */
  constructor(principal: Principal, open: OpenList<SessionCall>) {
    this.principal = principal
    this.#open = open
    open.add(this)
  }

  get isRevoked(): boolean {
    return this.#isRevoked
  }

  /** Says what the call waits for from now on. If its session was revoked in the meantime, that is cut at once. */
  waitsFor(now: Cuttable): void {
    this.#now = now
    if (this.#isRevoked) now.cut(cutByRevocation)
  }

  /** Its session was revoked: ends the call. */
  revoke(): void {
    if (this.#isRevoked) return
    this.#isRevoked = true
    this.#now?.cut(cutByRevocation)
  }

  /** The call has ended. */
  over(): void {
    this.#now = undefined
    this.#open.delete(this)
  }
}
