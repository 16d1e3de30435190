import { type Budgets, type Log, writeAmount } from '@postern/ports'
import type { PriceDifference } from '../prices/prices.js'
import { type Listed, OpenList } from '../lib/open-list.js'
import type { Limit } from './find-limits.js'
import { amountOf } from './refuse-limit.js'
import { StreamQueues } from './stream-queues.js'

/** For how long a reservation holds without word from its process, in milliseconds. */
export const leaseMs = 60_000

/** How often leases are extended, settlements tried again, and leases of dead processes booked, in milliseconds. */
const roundMs = 20_000

/** The most settlements that wait to be tried again. One that is given up is booked in full when its lease ends. */
const mostWaiting = 100_000

/** How many abandoned reservations are booked in one round. */
const mostAbandoned = 1000

/** A reservation whose call is under way. */
export interface OpenReservation extends Listed {
  readonly id: string
}

/** Keeps the reservations of this process alive, and books them when their calls end. */
export class Reservations {
  readonly #budgets: Budgets
  readonly #log: Log
  /** The calls that wait for a stream to end. */
  readonly queues = new StreamQueues()
  readonly #open = new OpenList<OpenReservation>()
  readonly #waiting = new Map<string, readonly number[]>()
  readonly #timer: NodeJS.Timeout
  /** How many reservations are being booked, and the callbacks that wait until none is. */
  #settling = 0
  #settled: (() => void)[] = []

  constructor(budgets: Budgets, log: Log) {
    this.#budgets = budgets
    this.#log = log
    this.#timer = setInterval(() => void this.round(), roundMs).unref()
  }

  add(reservation: OpenReservation): void {
    this.#open.add(reservation)
  }

  /** Books what was spent. If the store cannot be asked, tries again later; never rejects. */
  async settle(reservation: OpenReservation, spent: readonly number[]): Promise<void> {
    const { id } = reservation
    this.#open.delete(reservation)
    this.#settling += 1
    try {
      await this.#budgets.settle(id, spent)
    } catch {
      if (this.#waiting.size < mostWaiting) this.#waiting.set(id, spent)
    }
    this.#settling -= 1
    if (this.#settling === 0) for (const settled of this.#settled.splice(0)) settled()
  }

  /** As {@link settle}; then lets calls try that wait for a stream under one of these limits to end. */
  async end(reservation: OpenReservation, limits: readonly Limit[], spent: readonly number[]): Promise<void> {
    await this.settle(reservation, spent)
    for (const { rule, claim } of limits) if (rule.unit === 'streams') this.queues.freed(claim.budget.id)
  }

  /** The gateway used more than a call could use by what it asked for: the one way in which a limit is passed. */
  tellExcess(requestId: string, { rule }: Limit, setAside: number, booked: number): void {
    this.#log('error', 'a gateway used more than was set aside for the call; the limit counts all of it', {
      request_id: requestId,
      limit: rule.path,
      set_aside: amountOf(rule, setAside),
      booked: amountOf(rule, booked),
    })
  }

  /** A reported cost is not what the price file says. */
  tellDifference(requestId: string, unit: string, reported: number, { expected, share }: PriceDifference): void {
    this.#log('warn', 'what a gateway reported as the cost differs from limits.prices', {
      request_id: requestId,
      reported: `${writeAmount(reported)} ${unit}`,
      expected: `${writeAmount(expected)} ${unit}`,
      difference: `${(share * 100).toFixed(1)} %`,
    })
  }

  /** Extends every lease, tries again what could not be booked, and books what others left behind. */
  async round(): Promise<void> {
    try {
      const open = this.#open.all()
      if (open.length > 0)
        await this.#budgets.extend(
          open.map(({ id }) => id),
          leaseMs,
        )
      for (const [id, spent] of this.#waiting) {
        await this.#budgets.settle(id, spent)
        this.#waiting.delete(id)
      }
      const abandoned = await this.#budgets.bookAbandoned(mostAbandoned)
      if (abandoned.length > 0)
        this.#log('warn', 'reservations of a process that ended are booked in full', { count: abandoned.length, first: abandoned[0] })
    } catch {
      // The next round tries again. A call that reserves meanwhile is refused with `store_unavailable`.
    }
  }

  /** Waits for what is being booked, and stops. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#settling > 0) await new Promise<void>((settled) => this.#settled.push(settled))
  }
}
