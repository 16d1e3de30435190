import { type Budgets, type EntryKeeping, type LeftNote, type Ledger, type Log, writeAmount } from '@postern/ports'
import type { PriceDifference } from '../prices/prices.js'
import { type Listed, OpenList } from '../lib/open-list.js'
import type { Limit } from './find-limits.js'
import { leaseMs, LeaseWatch, roundMs } from './lease.js'
import { LeftNotes } from './left-notes.js'
import { amountOf } from './refuse-limit.js'
import { StreamQueues } from './stream-queues.js'

/** The most settlements that wait to be tried again. One that is given up is booked in full when its lease ends. */
const mostWaiting = 100_000

/** How many abandoned reservations are booked in one round. */
const mostAbandoned = 1000

/** A reservation whose call is under way. */
export interface OpenReservation extends Listed {
  readonly id: string
  /** When it was set aside, in milliseconds since the epoch. */
  readonly atMs: number
}

interface Waiting {
  readonly spent: readonly number[]
  left: LeftNote | undefined
}

/** Keeps the reservations of this process alive, books them when their calls end, and sees to what other processes have left. */
export class Reservations {
  readonly #budgets: Budgets
  readonly #log: Log
  /** The calls that wait for a stream to end. */
  readonly queues = new StreamQueues()
  readonly #open = new OpenList<OpenReservation>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #watch = new LeaseWatch()
  readonly #notes: LeftNotes
  readonly #timer: NodeJS.Timeout
  /** How many reservations are being booked, and the callbacks that wait until none is. */
  #settling = 0
  #settled: (() => void)[] = []

  /** @param ledger Gets the ledger entries of calls that another process had under way when it died. Default: these entries are dropped. */
  constructor(budgets: Budgets, log: Log, ledger?: Ledger) {
    this.#budgets = budgets
    this.#log = log
    this.#notes = new LeftNotes(budgets, ledger, log)
    this.#timer = setInterval(() => void this.round(), roundMs).unref()
  }

  add(reservation: OpenReservation): void {
    this.#open.add(reservation)
  }

  /**
   * Books what was spent, and leaves the note in the store. If the store cannot be asked, tries again later; never rejects.
   *
   * @returns Resolves once the store was asked.
   */
  async settle(reservation: OpenReservation, spent: readonly number[], left?: LeftNote): Promise<void> {
    const { id } = reservation
    this.#open.delete(reservation)
    this.#settling += 1
    try {
      await this.#budgets.settle(id, spent, left)
    } catch {
      if (this.#waiting.size < mostWaiting) this.#waiting.set(id, { spent, left })
    }
    this.#settling -= 1
    if (this.#settling === 0) for (const settled of this.#settled.splice(0)) settled()
  }

  /**
   * As {@link settle}; then lets calls try that wait for a stream under one of these limits to end.
   *
   * @param note The ledger entry of the call, kept in the store until the ledger has it. If there is no room, the store keeps no entry.
   * @returns How the entry stands in the store; `undefined`: not at all.
   */
  end(reservation: OpenReservation, limits: readonly Limit[], spent: readonly number[], note?: string): EntryKeeping | undefined {
    const isKept = note !== undefined && this.#notes.hasRoom
    const { id, atMs } = reservation
    if (isKept) this.#notes.add({ id, isSettled: true })
    const booked = this.#settleAndFree(reservation, limits, spent, isKept ? { text: note, leaseMs } : undefined)
    const mayBeThere = (): boolean => this.#watch.isDoubtful(atMs)
    return note === undefined ? undefined : { booked, done: () => this.#done(id), mayBeThere, isKnown: false }
  }

  async #settleAndFree(
    reservation: OpenReservation,
    limits: readonly Limit[],
    spent: readonly number[],
    left: LeftNote | undefined,
  ): Promise<void> {
    await this.settle(reservation, spent, left)
    for (const { rule, claim } of limits) if (rule.unit === 'streams') this.queues.freed(claim.budget.id)
  }

  /** The ledger has the entry: it need not stay in the store, nor come there any more. */
  #done(id: string): void {
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined) waiting.left = undefined
    this.#notes.done({ id, isSettled: true })
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
      const open = [...this.#open.all().map(({ id }) => id), ...this.#waiting.keys(), ...this.#notes.ids()]
      if (open.length > 0) await this.#budgets.extend(open, leaseMs)
      this.#watch.extended()
      for (const [id, { spent, left }] of this.#waiting) {
        await this.#budgets.settle(id, spent, left)
        this.#waiting.delete(id)
      }
      const abandoned = await this.#budgets.bookAbandoned(mostAbandoned)
      if (abandoned.length > 0)
        this.#log('warn', 'reservations of a process that ended are booked in full', { count: abandoned.length, first: abandoned[0] })
      await this.#notes.takeOver()
    } catch {
      // The next round tries again. A call that reserves meanwhile is refused with `store_unavailable`.
    }
  }

  /** Waits for what is being booked, and stops. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#settling > 0) await new Promise<void>((settled) => this.#settled.push(settled))
  }

  /** Drops what the ledger has stored meanwhile. Call it once the ledger has stored everything, and before the store is closed. */
  async closeNotes(): Promise<void> {
    await this.#notes.close()
  }
}
