import type { Listed, OpenList } from '@postern/core'
import { type Cuttable, cutByRevocation, type Principal, type SessionCall } from '@postern/ports'

/** A call in the list of those under way. A class for the reason in ADR 0003: every call of a session makes one. */
export class OpenSessionCall implements SessionCall, Listed {
  readonly principal: Principal
  readonly #open: OpenList<OpenSessionCall>
  place = -1
  #now: Cuttable | undefined
  #isRevoked = false

  /** @param open The calls under way; contains this call until it is over. */
  constructor(principal: Principal, open: OpenList<OpenSessionCall>) {
    this.principal = principal
    this.#open = open
    open.add(this)
  }

  get isRevoked(): boolean {
    return this.#isRevoked
  }

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

  over(): void {
    this.#now = undefined
    this.#open.delete(this)
  }
}
