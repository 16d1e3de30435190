import type { EntryOwner } from './entry-owner.js'
import type { Scope } from './scope.js'

/** Locks under keys, each of one holder until a time: the calls with one `Idempotency-Key` of one caller, of which one is sent. */
export interface Locks {
  readonly scope: Scope
  /**
   * Takes the lock of a key, unless another holder has it. Whoever has it already keeps it until the new time. Atomic: of several
   * holders at once, exactly one gets a free lock.
   *
   * @param holder A text without zeros (U+0000), at most 1,000 characters.
   * @param untilMs When the lock is free again, in milliseconds since the epoch.
   * @param owner Whose entry it is, for a store that divides its room; it may ignore it. Default: the one that all entries without an owner share.
   * @returns Who has the lock now: `holder`, or the other one.
   * @throws {Error} by rejecting, if the store cannot be asked or has no room for this owner. The lock may have been taken.
   */
  take(key: string, holder: string, untilMs: number, owner?: EntryOwner): Promise<string>
  /**
   * Frees the lock of a key, if this holder has it.
   *
   * @throws {Error} by rejecting, if the store cannot be asked. The lock may be free.
   */
  release(key: string, holder: string): Promise<void>
}
