import type { EntryOwner } from './entry-owner.js'
import type { Scope } from './scope.js'

/** Counts under keys, each until a time: the calls of a session, those of a network in a window. */
export interface Counters {
  readonly scope: Scope
  /**
   * Adds 1 to the count of a key. Atomic: of several calls at once, no two get the same count.
   *
   * @param untilMs When the count is forgotten, in milliseconds since the epoch. Only that of the first call counts.
   * @param owner Whose entry it is, for a store that divides its room; it may ignore it. Default: the one that all entries without an owner share.
   * @returns The new count, at least 1.
   * @throws {Error} by rejecting, if the store cannot be asked or has no room for this owner. A call that was given up may still
   *   have counted.
   */
  add(key: string, untilMs: number, owner?: EntryOwner): Promise<number>
}
