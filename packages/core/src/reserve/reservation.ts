import { ranNothing } from '@postern/gateways'
import { billionthsOfOne, type Counted, type EntryKeeping, type EstimatedUse, type HeldCall } from '@postern/ports'
import type { GovernanceBudget, GovernanceClamp, GovernanceRecord } from '@postern/protocol'
import { isOwn, limitHeaders } from '../answers/limit-headers.js'
import type { Permit } from '../police/permit.js'
import type { PricedCall } from '../prices/prices.js'
import { type BookedBy, bookCall, type Booking, type CallEnding, isBookedAlike } from './book.js'
import { estimateUse } from './estimate-use.js'
import type { Limit } from './find-limits.js'
import { isMeasured } from './limit-rule.js'
import type { OpenReservation, Reservations } from './reservations.js'
import type { CallSize, Pricing } from './size-call.js'

/** What is known of the size of a call under limits of money or tokens. */
export interface SizedCall {
  readonly size: CallSize
  readonly call: PricedCall
  readonly pricing: Pricing
  /** The amount that was set aside for each limit. */
  readonly amounts: readonly number[]
  /** The ceiling that was written into the request; `undefined`: the client's own stands. */
  readonly clamped: GovernanceClamp | undefined
}

/** The facts of a reservation. */
export interface ReservationFacts {
  readonly id: string
  readonly limits: readonly Limit[]
  /** The states of the limits, with what this call has set aside. */
  readonly counted: readonly Counted[]
  /** The request as it is sent. */
  readonly permit: Permit
  /** A page is told of the limits of its user and session alone. */
  readonly isPage: boolean
  /** `undefined` if no limit is of money or tokens. */
  readonly sized: SizedCall | undefined
  /** As the store was given it. */
  readonly note: string | undefined
}

/** The tokens that a call has set aside, and what else bounds how long its answers become. */
export interface TokensSetAside extends Pick<CallSize, 'input' | 'answers' | 'echoes'> {
  /** Of all answers together. */
  readonly output: number
}

/** How a call ended, as far as a reservation has to know. */
export interface ReservedEnding {
  readonly record: GovernanceRecord
  /** Whether the gateway may have run the call; `undefined`: nothing says so, or that it has not. */
  readonly mayHaveRun?: boolean | undefined
}

/** What was found to be booked of an ending, at the places of its limits. */
interface BookingsFound {
  readonly ending: CallEnding
  readonly bookings: (Booking | undefined)[]
}

/** What one call has set aside. Whoever ends the call calls `end` and then `book`, or `giveBack`, once. */
export class Reservation implements OpenReservation {
  readonly id: string
  readonly permit: Permit
  readonly #facts: ReservationFacts
  readonly #all: Reservations
  place = -1
  /** When it was set aside, in milliseconds since the epoch. */
  readonly atMs = Date.now()
  #spent: readonly number[] | undefined
  #isSent = false
  /** The status of the gateway's answer; 0 until it has one. */
  #status = 0
  #answerBytes = 0
  #found: BookingsFound | undefined
  /** Where what was booked for tokens or money comes from; `undefined` until it is booked, or if nothing was. */
  bookedBy: BookedBy | undefined
  /** What the call used by what was booked, as far as its gateway did not report it. */
  estimated: EstimatedUse | undefined

  constructor(facts: ReservationFacts, all: Reservations) {
    this.id = facts.id
    this.permit = facts.permit
    this.#facts = facts
    this.#all = all
    all.add(this)
  }

  /** What the call holds, if the store may lose it. */
  get kept(): HeldCall | undefined {
    const { id, counted, note } = this.#facts
    if (!counted.some(({ kept }) => kept !== undefined)) return undefined
    const parts = counted.flatMap(({ kept }) => kept ?? [])
    return { id, parts, note }
  }

  /** The call goes to the gateway now: from here on it counts, however it ends. */
  sent(): void {
    this.#isSent = true
    this.#status = 0
    this.#answerBytes = 0
  }

  answered(status: number): void {
    this.#status = status
  }

  /** So many bytes of the answer came. */
  came(bytes: number): void {
    this.#answerBytes += bytes
  }

  /** The limits under which something is set aside. */
  get limits(): readonly Limit[] {
    return this.#facts.limits
  }

  /** The tokens that are set aside; `undefined`: no limit is of money or tokens, or the answer has no length. */
  get tokensSetAside(): TokensSetAside | undefined {
    const { sized } = this.#facts
    const ceiling = sized?.clamped?.ceiling ?? sized?.size.ceiling
    if (sized === undefined || ceiling === undefined) return undefined
    const { input, answers, echoes } = sized.size
    return { input, output: sized.size.output(ceiling), answers, echoes }
  }

  /** What the client is told of its limits, name and value in turn. */
  headers(): readonly string[] {
    return limitHeaders(this.#facts.limits, this.#facts.counted, this.#facts.isPage)
  }

  get clamped(): GovernanceClamp | undefined {
    return this.#facts.sized?.clamped
  }

  /** What is left of the limit of money or tokens with the smallest share left, once the call is booked as this record says. */
  left(record: GovernanceRecord): GovernanceBudget | undefined {
    const { limits, counted, sized, isPage } = this.#facts
    if (sized === undefined) return undefined
    let [least, smallest]: [GovernanceBudget | undefined, number] = [undefined, Infinity]
    for (const [index, limit] of limits.entries()) {
      const { rule, claim } = limit
      if (!isMeasured(rule.unit) || (isPage && !isOwn(rule.each))) continue
      const { booked, held } = counted[index] as Counted
      const setAside = sized.amounts[index] as number
      const spent = record.finish === 'complete' ? this.#bookingOf(index, setAside, record, sized).amount : setAside
      const rest = Math.max(0, claim.budget.limit - booked - held + setAside - spent)
      const share = rest / claim.budget.limit
      if (share >= smallest) continue
      smallest = share
      const isMoney = rule.currency !== undefined
      least = { amount: isMoney ? rest / billionthsOfOne : rest, unit: rule.currency ?? rule.unit, rule: rule.title }
    }
    return least
  }

  /** Gives everything back: the call was given up before it was sent. */
  giveBack(): void {
    const { limits } = this.#facts
    this.#all.end(
      this,
      limits,
      limits.map(() => 0),
    )
  }

  /** Finds what is booked: all that the call has spent, if it was sent; nothing of what only a call under way holds. */
  end(ending: ReservedEnding): void {
    const { limits, sized } = this.#facts
    const bookings: (Booking | undefined)[] = []
    this.#spent = limits.map((limit, index) => this.#spentUnder(limit, index, ending, bookings))
    if (sized === undefined || bookings.length === 0) return
    const { size, clamped } = sized
    this.estimated = estimateUse(limits, bookings, ending.record, {
      size,
      ceiling: clamped?.ceiling ?? size.ceiling,
      passed: this.#answerBytes,
    })
  }

  /**
   * Books what `end` found.
   *
   * @param note The entry of the call, for the store to keep until the ledger has it. Default: it keeps none.
   * @returns How the entry stands in the store, for the ledger; `undefined`: not at all.
   */
  book(note?: string): EntryKeeping | undefined {
    const { limits } = this.#facts
    return this.#all.end(this, limits, this.#spent ?? [], note)
  }

  /** @param bookings Gets what is booked of tokens or money, at the place of its limit. */
  #spentUnder(limit: Limit, index: number, ending: ReservedEnding, bookings: (Booking | undefined)[]): number {
    const { rule, claim } = limit
    if (!this.#isSent || rule.unit === 'streams') return 0
    if (!isMeasured(rule.unit)) return claim.amount
    const { sized } = this.#facts
    const setAside = sized?.amounts[index] ?? 0
    if (sized === undefined) return setAside
    if (!this.#mayHaveRun(ending)) return 0
    const booking = this.#bookingOf(index, setAside, ending.record, sized)
    bookings[index] = booking
    const { amount, by } = booking
    this.bookedBy = by
    if (amount > setAside && !sized.size.isUnbounded) this.#all.tellExcess(ending.record.request_id, limit, setAside, amount)
    if (by === 'reported' && rule.unit === 'spend') this.#tellDifference(rule.currency as string, amount, ending.record, sized)
    return amount
  }

  /** A gateway that finds fault with the request, or has no place for it, runs nothing. Of its own failures that is known of few. */
  #mayHaveRun({ mayHaveRun }: ReservedEnding): boolean {
    return mayHaveRun ?? !ranNothing(this.#status)
  }

  /** What is booked under a limit. It is asked for when the client is told what is left, and again when the call ends. */
  #bookingOf(index: number, setAside: number, record: GovernanceRecord, { size, call, pricing }: SizedCall): Booking {
    const ending = { record, answerBytes: this.#answerBytes }
    if (!isBookedAlike(this.#found?.ending, ending)) this.#found = { ending, bookings: [] }
    const { bookings } = this.#found as BookingsFound
    return (bookings[index] ??= bookCall(this.#facts.limits[index] as Limit, setAside, ending, size, call, pricing))
  }

  #tellDifference(unit: string, reported: number, record: GovernanceRecord, { call, pricing: { prices } }: SizedCall): void {
    if (record.usage === undefined) return
    const ran = { ...call, model: record.model ?? call.model, tier: record.tier }
    const difference = prices?.differenceOf(ran, unit, record.usage, reported)
    if (difference !== undefined) this.#all.tellDifference(record.request_id, unit, reported, difference)
  }
}
