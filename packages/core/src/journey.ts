import {
  type Arrival,
  ClientGone,
  type EstimatedUse,
  type Principal,
  type ResponseSink,
  type RevokedKind,
  type SessionCall,
} from '@postern/ports'
import type { Listed } from './lib/open-list.js'
import { tagUnsent } from './lib/unsent-tags.js'
import type { Outcome } from './forward/outcome.js'
import type { Lead } from './join/lead.js'
import type { Tap } from './observe/observe.js'
import type { Permit } from './police/permit.js'
import type { BookedBy } from './reserve/book.js'
import type { Reservation } from './reserve/reservation.js'
import type { Reserve } from './reserve/reserve.js'
import type { Route } from './resolve/route.js'
import { type Tags, tagRefused } from './tag/tag.js'

/** A call under way: each room adds one fact. The corridor owns it; a room sees only the facts that its signature names. */
export class Journey implements Listed {
  readonly arrival: Arrival
  principal: Principal | undefined = undefined
  /** Set if the credential is a session token: Postern ends this call when the session is revoked. */
  call: SessionCall | undefined = undefined
  route: Route | undefined = undefined
  permit: Permit | undefined = undefined
  #reservation: Reservation | undefined = undefined
  #lead: Lead | undefined = undefined
  #isOver = false
  /** That of the attempt that is under way or was the last. */
  tap: Tap | undefined = undefined
  #tags: Tags | undefined = undefined
  /** The same, as long as nothing was sent. */
  #unsent: Tags | undefined = undefined
  /** When the first and the last attempt began, by `performance.now()`; 0: none did. */
  begunAt = 0
  attemptedAt = 0
  /** In the list of the calls under way. */
  place = -1

  constructor(arrival: Arrival) {
    this.arrival = arrival
  }

  /** Those of the attempt that is under way or was the last. Before the first: attempt 0, with the tags that can be read. */
  get tags(): Tags {
    if (this.#tags === undefined) return (this.#tags = tagRefused(this.arrival))
    return this.begunAt === 0 ? (this.#unsent ??= tagUnsent(this.#tags, this.arrival)) : this.#tags
  }

  set tags(given: Tags) {
    this.#tags = given
  }

  /** Keeps the lead of a keyed call, until {@link end}. If the call was given up meanwhile, its key is free again. */
  leads(joining: Promise<Outcome | Lead>): Promise<Outcome | Lead> {
    return joining.then((found) => {
      if ('finish' in found) return found
      if (this.#isOver) found.refused(new ClientGone('The call was given up before it was sent.'))
      else this.#lead = found
      return found
    })
  }

  /** @returns What the call took until now, without waits; see `Stopwatch`. */
  beginAttempt(): number {
    this.attemptedAt = performance.now()
    if (this.begunAt === 0) this.begunAt = this.attemptedAt
    return this.arrival.watch.ownMs(this.attemptedAt)
  }

  /** What the call has set aside under the limits. */
  get reservation(): Reservation | undefined {
    return this.#reservation
  }

  /** Keeps what a call sets aside, until {@link end}. If the call was given up meanwhile, gives it back as soon as it is known. */
  setAside(reserving: ReturnType<Reserve>): ReturnType<Reserve> {
    return reserving instanceof Promise ? reserving.then((reservation) => this.#keep(reservation)) : this.#keep(reserving)
  }

  #keep(reservation: Reservation | undefined): Reservation | undefined {
    if (this.#isOver) reservation?.giveBack()
    else this.#reservation = reservation
    this.permit = reservation?.permit ?? this.permit
    return reservation
  }

  /**
   * Says that the call is over: nothing that ends it later finds it, and it is known what is booked of what it has set aside; `account` books it.
   *
   * @param error What the call failed with, if it has no answer.
   * @returns What `account` gets.
   */
  end(outcome: Outcome, error?: unknown): EndedJourney {
    this.#isOver = true
    this.call?.over()
    this.#lead?.over(outcome, error)
    this.#reservation?.end(outcome)
    const { bookedBy: by, estimated } = this.#reservation ?? {}
    const { arrival, principal, route, tags } = this
    return { arrival, principal, route, tags, outcome, booked: by === undefined ? undefined : { by, estimated }, course: this }
  }
}

/** The facts of a call that may be sent. */
export interface Cleared {
  readonly arrival: Arrival
  readonly sink: ResponseSink
  readonly principal: Principal
  readonly route: Route
  readonly permit: Permit
  readonly call: SessionCall | undefined
  readonly reservation: Reservation | undefined
}

/** What was booked of tokens or money. */
export interface Booked {
  /** Where it comes from. */
  readonly by: BookedBy
  /** What the call used, as far as its gateway did not report it. */
  readonly estimated: EstimatedUse | undefined
}

/** What `account` gets of a request that has ended. The permit, the tap and the followed call are not among it: they are over. */
export interface EndedJourney {
  readonly arrival: Arrival
  readonly principal?: Principal | undefined
  readonly route?: Route | undefined
  readonly tags: Tags
  readonly outcome: Outcome
  /** `undefined`: no limit of tokens or money counts the call. */
  readonly booked?: Booked | undefined
  /** When its attempts began, how its stream went, and its limits; `undefined`: it never came into the corridor. */
  readonly course?: Pick<Journey, 'begunAt' | 'attemptedAt' | 'tap' | 'reservation'> | undefined
  /** `true` if the request asked Postern itself and no gateway. */
  readonly own?: true | undefined
  /** The sessions that the request ended. */
  readonly ended?: EndedSessions | undefined
}

/** Which sessions were ended: one by its id, or all sessions of a user or a team. */
export interface EndedSessions {
  readonly kind: RevokedKind
  readonly name: string
  /** The name of the admin listener's credential that ended them. Default: the caller, or `admin`. */
  readonly by?: string
}
