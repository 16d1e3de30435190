import type { Counted } from '@postern/ports'
import type { Limit } from './find-limits.js'
import type { OpenReservation, Reservations } from './reservations.js'
import { limitHeaders } from '../answers/limit-headers.js'

/** What one call has set aside. Whoever ends the call calls `end`, once. */
export class Reservation implements OpenReservation {
  readonly id: string
  readonly #limits: readonly Limit[]
  readonly #counted: readonly Counted[]
  readonly #all: Reservations
  place = -1
  #isSent = false

  constructor(id: string, limits: readonly Limit[], counted: readonly Counted[], all: Reservations) {
    this.id = id
    this.#limits = limits
    this.#counted = counted
    this.#all = all
    all.add(this)
  }

  /** The call goes to the gateway now: from here on it counts, however it ends. */
  sent(): void {
    this.#isSent = true
  }

  /** What the client is told of its limits, name and value in turn. */
  headers(isPage: boolean): readonly string[] {
    return limitHeaders(this.#limits, this.#counted, isPage)
  }

  /** Books the call if it was sent, and gives everything back that only a call under way holds. */
  end(): void {
    void this.#all.settle(
      this,
      this.#limits.map(({ rule, claim }) => (this.#isSent && rule.unit !== 'streams' ? claim.amount : 0)),
    )
  }
}
