import type { EntryOwner } from './entry-owner.js'
import type { Period } from './period.js'
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
}

/** The answer to a reservation; `counted` has the state of each claim's budget, in the order of the claims. */
export type Reserved =
  | { readonly granted: true; readonly counted: readonly Counted[] }
  /** Nothing was set aside. `refusedBy` is the number of the first claim that does not fit. */
  | { readonly granted: false; readonly refusedBy: number; readonly counted: readonly Counted[] }

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
  /**
   * Sets aside the amounts of all claims, or of none. Atomic over every process of the store.
   *
   * @param id Names the reservation; never used twice.
   * @param owner Whose entries new counts and the reservation are, for a store that divides its room; it may ignore it. Default:
   *   nobody's, who share theirs.
   * @throws {Error} by rejecting, if the store cannot be asked or has no room for this owner. A reservation that was given up may still
   *   hold.
   */
  reserve(id: string, claims: readonly Claim[], leaseMs: number, owner?: EntryOwner): Promise<Reserved>
  /** Begins the lease of reservations anew; those that are over or unknown stay so. */
  extend(ids: readonly string[], leaseMs: number): Promise<void>
  /**
   * Ends a reservation and books what was spent, in the windows in which it was set aside. If its lease was over, corrects what was
   * booked then. A second time, or for an unknown id, does nothing.
   *
   * @param spent The amount of each claim, in the order of the claims; 0 gives all of it back.
   * @returns The state of each budget; `undefined` if nothing was done.
   */
  settle(id: string, spent: readonly number[]): Promise<readonly Counted[] | undefined>
  /** The state of the windows of this moment. */
  look(budgets: readonly Budget[]): Promise<readonly Counted[]>
  /**
   * Books in full what reservations hold whose lease is over.
   *
   * @param most How many reservations at most.
   * @returns Their ids, each told once.
   */
  bookAbandoned(most: number): Promise<readonly string[]>
}
