import { OpenList } from '@postern/core'
import type { Principal } from '@postern/ports'
import { OpenSessionCall } from './open-session-call.js'

/** How often revocations are read while calls of sessions are under way, in milliseconds: a revocation ends them within a second. */
const pollMs = 400

/**
 * The calls of sessions that are under way, under whichever configuration they began.
 *
 * A list and no index by session, user and team: calls come and go thousands of times a second and revocations do not, so a
 * revocation looks through the calls (0.1 ms for 10,000) and a call costs a place in an array. See ADR 0033.
 */
export class SessionCalls {
  readonly #open = new OpenList<OpenSessionCall>()
  readonly #poll: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param poll Reads the revocations; called regularly while calls are under way. Must not throw. */
  constructor(poll: () => void) {
    this.#poll = poll
  }

  begin(principal: Principal): OpenSessionCall {
    this.#timer ??= setInterval(() => this.#pollOrStop(), pollMs).unref()
    return new OpenSessionCall(principal, this.#open)
  }

  /** Ends the calls whose principal is one of these. */
  end(isRevoked: (principal: Principal) => boolean): void {
    if (this.#open.size === 0) return
    for (const call of this.#open.all()) {
      if (!isRevoked(call.principal)) continue
      try {
        call.revoke()
      } catch (error) {
        // The others must end as well.
        process.emitWarning(`A call of a session that was revoked could not be ended: ${String(error)}`, { code: 'POSTERN_REVOKED' })
      }
    }
  }

  /** The timer stops here and not at the end of the last call: otherwise each call of a quiet process would start one. */
  #pollOrStop(): void {
    if (this.#open.size > 0) this.#poll()
    else {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }
}
