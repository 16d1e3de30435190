import type { EntryOwner } from './entry-owner.js'
import type { Period } from './period.js'
import type { KeptCount, Recovery } from './recovery.js'
import type { Scope } from './scope.js'

/** A count with a limit. Amounts are whole numbers of the smallest part of its unit: of money, a billionth. */
export interface Budget {
  /** Says which rule counts for whom. Every process that serves the same callers gives it alike. */
  readonly id: string
  /** The most that may be booked and held together in one window. May differ from call to call; the count stays. */
  readonly limit: number
  /** How often the count begins anew. `undefined`: never. */
  readonly per?: Period | undefined
  /** Without `per`: how long after the last reservation the count is forgotten, in milliseconds. Default: never. */
  readonly forgottenAfterMs?: number | undefined
  /**
   * `true`: only what is held counts, since it is of no use any more once its call is over, such as a stream. What is booked of it is never
   * looked at. Default: both count.
   */
  readonly onlyHeld?: boolean | undefined
}

/** What one call sets aside in one budget. */
export interface Claim {
  readonly budget: Budget
  readonly amount: number
}

/** The state of one window of a budget. */
export interface Counted {
  /** What ended calls have spent. */
  readonly booked: number
  /** What calls under way have set aside. */
  readonly held: number
  /** In how many milliseconds the window ends, by the clock of the store; `undefined`: never. */
  readonly endsInMs: number | undefined
  /** Of what was set aside: how a ledger keeps it. Only of a store with a {@link Budgets.recovery}. */
  readonly kept?: KeptCount | undefined
}

/** The answer to a reservation; `counted` has the state of each claim's budget, in the order of the claims. */
export type Reserved =
  | { readonly granted: true; readonly counted: readonly Counted[] }
  /** Nothing was set aside. `refusedBy` is the number of the first claim that does not fit. */
  | { readonly granted: false; readonly refusedBy: number; readonly counted: readonly Counted[] }

/**
 * What the store keeps beside a reservation until the ledger has it. Before the call is settled: its entry as it is if its process dies.
 * After: its entry.
 */
export interface CallNote {
  /** The id of the reservation. */
  readonly id: string
  /** Whether the call was settled; otherwise its lease ended before. */
  readonly isSettled: boolean
  /** As it was given; {@link maxNoteBytes} at most. */
  readonly text: string
  /** What a call that was not settled was booked as. Only of a store with a {@link Budgets.recovery}. */
  readonly counted?: readonly KeptCount[] | undefined
}

/** A note that stays when a call is settled. */
export interface LeftNote {
  readonly text: string
  readonly leaseMs: number
}

/** The most bytes of a note, in UTF-8. */
export const maxNoteBytes = 16_384

/**
 * Sets amounts aside before a call, and books what the call has spent. At every moment and in every window, what is booked and what is
 * held do not exceed the limit together, but for what {@link Budgets.settle} books beyond what was set aside.
 *
 * A reservation is a lease: whoever holds it extends it, and once the lease is over, all that it holds counts as spent. So nothing is
 * given back that a process which died may have spent.
 *
 * Windows and leases go by the clock of the store.
 */
export interface Budgets {
  readonly scope: Scope
  /** How it is built anew after it lost what it acknowledged; `undefined`: that does not happen to it. Whoever wraps a port hands this on. */
  readonly recovery: Recovery | undefined
  /**
   * Sets aside the amounts of all claims, or of none. Atomic over every process of the store.
   *
   * @param id Names the reservation; never used twice.
   * @param owner Whose entries new counts and the reservation are, for a store that divides its room; it may ignore it. Default:
   *   nobody's, who share theirs.
   * @param note What {@link takeNotes} tells if the lease ends before the call is settled. Written in the same step. Default: nothing.
   * @throws {Error} by rejecting, if the store cannot be asked or has no room for this owner. A reservation that was given up may still
   *   hold.
   */
  reserve(id: string, claims: readonly Claim[], leaseMs: number, owner?: EntryOwner, note?: string): Promise<Reserved>
  /** Begins the lease of reservations anew, and that of notes that were left or taken; those that are over or unknown stay so. */
  extend(ids: readonly string[], leaseMs: number): Promise<void>
  /**
   * Ends a reservation and books what was spent, in the windows in which it was set aside. If its lease was over, corrects what was
   * booked then. A second time, or for an unknown id, does nothing.
   *
   * @param spent The amount of each claim, in the order of the claims; 0 gives all of it back.
   * @param left A note that stays in place of that of the reservation, written in the same step, and how long its lease is. Default: none
   *   stays.
   * @returns The state of each budget; `undefined` if nothing was done.
   */
  settle(id: string, spent: readonly number[], left?: LeftNote): Promise<readonly Counted[] | undefined>
  /** The state of the windows of this moment. */
  look(budgets: readonly Budget[]): Promise<readonly Counted[]>
  /**
   * Books in full what reservations hold whose lease is over.
   *
   * @param most How many reservations at most.
   * @returns Their ids, each told once.
   */
  bookAbandoned(most: number): Promise<readonly string[]>
  /**
   * Takes over notes that nobody takes care of: of reservations that {@link bookAbandoned} has booked, and of settled ones whose lease is
   * over. Whoever takes a note has it for the lease, and drops it once the ledger has it; otherwise another process takes it. Notes are kept
   * for a day.
   *
   * @param most How many at most.
   */
  takeNotes(most: number, leaseMs: number): Promise<readonly CallNote[]>
  /** Drops notes that the ledger has. One whose reservation was settled after it was taken, and unknown ones, stay as they are. */
  dropNotes(notes: readonly Pick<CallNote, 'id' | 'isSettled'>[]): Promise<void>
}
