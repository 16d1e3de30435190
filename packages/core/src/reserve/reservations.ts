import {
  type Budgets,
  type EntryKeeping,
  type HeldCall,
  type KeptCount,
  type LeftNote,
  type Ledger,
  type Log,
  type Reserved,
  StoreNotAsked,
  writeAmount,
} from '@postern/ports'
import type { PriceDifference } from '../prices/prices.js'
import { type Listed, OpenList } from '../lib/open-list.js'
import { addCounted } from './add-counted.js'
import { CountKeeper } from './count-keeper.js'
import { isOfStreams, type Limit } from './find-limits.js'
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
  /** What it holds, for a store that may lose writes. Default: nothing that would have to be put back. */
  readonly kept?: HeldCall | undefined
}

interface Waiting {
  readonly spent: readonly number[]
  left: LeftNote | undefined
  /** Nobody heard whether it was set aside, which may even be to come: it is given back twice. */
  isUnheard?: boolean
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
  readonly #counts: CountKeeper
  readonly #hasCounts: boolean
  /** Calls that have ended and are not booked yet, where the store may lose writes. */
  readonly #ending = new Map<string, HeldCall>()
  readonly #timer: NodeJS.Timeout
  /** How many reservations are being booked, and the callbacks that wait until none is. */
  #settling = 0
  #settled: (() => void)[] = []

  /** @param ledger Gets the ledger entries of calls that another process had under way when it died. Default: these entries are dropped. */
  constructor(budgets: Budgets, log: Log, ledger?: Ledger) {
    this.#budgets = budgets
    this.#log = log
    this.#notes = new LeftNotes(budgets, ledger, log)
    this.#hasCounts = ledger?.counts !== undefined
    this.#counts = new CountKeeper(budgets.recovery, ledger?.counts, this.#holder(), log)
    this.#timer = setInterval(() => void this.round(), roundMs).unref()
  }

  #holder(): ConstructorParameters<typeof CountKeeper>[2] {
    return {
      held: () => [...this.#open.all().flatMap(({ kept }) => kept ?? []), ...this.#ending.values()],
      quiet: async () => {
        await this.#counts.answered()
        if (!this.#hasCounts) return
        await this.#notes.stored()
        // The ledger has them.
        for (const id of this.#waiting.keys()) this.#forget(id)
      },
      takeNotes: async () => {
        await this.#notes.takeOver()
        await this.#notes.stored()
      },
    }
  }

  #forget(id: string): void {
    this.#waiting.delete(id)
    this.#ending.delete(id)
  }

  /**
   * Asks the store to set amounts aside. If nobody hears whether it did, gives them back once the store can be asked.
   *
   * @throws the error of the store; {@link StoreLost} while its counts are built anew.
   */
  async reserve(...of: Parameters<Budgets['reserve']>): Promise<Reserved> {
    try {
      return await this.#counts.reserve(() => this.#budgets.reserve(...of))
    } catch (error) {
      const [id, claims] = of
      if (!(error instanceof StoreNotAsked) && this.#waiting.size < mostWaiting)
        this.#waiting.set(id, { spent: claims.map(() => 0), left: undefined, isUnheard: true })
      throw error
    }
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
    const { kept } = reservation
    // What is given back need not be put back.
    if (kept !== undefined && spent.some((amount) => amount > 0)) this.#ending.set(id, kept)
    try {
      await this.#counts.settle(() => this.#budgets.settle(id, spent, left))
      this.#ending.delete(id)
    } catch {
      if (this.#waiting.size < mostWaiting) this.#waiting.set(id, { spent, left })
      // The ledger gets it now, and whoever builds counts anew finds it there.
      if (this.#hasCounts || !this.#waiting.has(id)) this.#ending.delete(id)
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
    const { id, atMs, kept } = reservation
    const counted = kept === undefined ? undefined : countedAs(kept.parts, spent)
    const text = this.#notes.hasRoom && note !== undefined ? addCounted(note, counted) : undefined
    if (text !== undefined) this.#notes.add({ id, isSettled: true })
    const booked = this.#settleAndFree(reservation, limits, spent, text === undefined ? undefined : { text, leaseMs })
    if (note === undefined) return undefined
    const state = { isDone: false }
    const done = (): void => {
      state.isDone = true
      this.#done(id)
    }
    const mayBeThere = (): boolean => this.#watch.isDoubtful(atMs)
    const ended = this.#counts.isNeeded ? this.#waitForStored(booked, id, state) : booked
    return { booked: ended, done, mayBeThere, isKnown: false, counted }
  }

  async #waitForStored(booked: Promise<void>, id: string, state: { readonly isDone: boolean }): Promise<void> {
    await booked
    if (!state.isDone) this.#notes.waitFor(id)
  }

  #settleAndFree(
    reservation: OpenReservation,
    limits: readonly Limit[],
    spent: readonly number[],
    left: LeftNote | undefined,
  ): Promise<void> {
    const settled = this.settle(reservation, spent, left)
    return limits.some(isOfStreams) ? this.#free(settled, limits) : settled
  }

  async #free(settled: Promise<void>, limits: readonly Limit[]): Promise<void> {
    await settled
    for (const { claim } of limits.filter(isOfStreams)) this.queues.freed(claim.budget.id)
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
      for (const [id, waiting] of this.#waiting) {
        const { spent, left, isUnheard = false } = waiting
        const found = await this.#budgets.settle(id, spent, left)
        if (isUnheard && found === undefined) waiting.isUnheard = false
        else this.#forget(id)
      }
      const abandoned = await this.#budgets.bookAbandoned(mostAbandoned)
      if (abandoned.length > 0)
        this.#log('warn', 'reservations of a process that ended are booked in full', { count: abandoned.length, first: abandoned[0] })
      await this.#notes.takeOver()
    } catch (error) {
      this.#counts.hear(error)
      // The next round tries again. A call that reserves meanwhile is refused with `store_unavailable`.
    }
  }

  /** Waits for what is being booked, and stops. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#counts.close()
    if (this.#settling > 0) await new Promise<void>((settled) => this.#settled.push(settled))
  }

  /** Drops what the ledger has stored meanwhile. Call it once the ledger has stored everything, and before the store is closed. */
  async closeNotes(): Promise<void> {
    await this.#notes.close()
  }
}

/** @param spent What each part was booked as. Default: all that was set aside. */
function countedAs(parts: readonly KeptCount[], spent: readonly number[]): readonly KeptCount[] {
  return parts.flatMap((part, index) => {
    const amount = spent[index] ?? part.amount
    return amount > 0 ? [{ ...part, amount }] : []
  })
}
