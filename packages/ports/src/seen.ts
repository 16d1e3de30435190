import type { EntryOwner } from './entry-owner.js'
import type { Scope } from './scope.js'

/** Remembers keys, so that what is good for one use is used once: proofs. */
export interface Seen {
  readonly scope: Scope
  /**
   * Stores a key until a time. Atomic: of several calls at once with one key, exactly one gets `true`.
   *
   * @param untilMs In milliseconds since the epoch. Only that of the call that stored the key counts.
   * @param owner Whose entry it is, for a store that divides its room; it may ignore it. Default: the one that all entries without an owner share.
   * @returns `false` if the key is stored already.
   * @throws {Error} by rejecting, if the store cannot be asked or has no room for this owner: then nobody knows whether the key is new.
   */
  add(key: string, untilMs: number, owner?: EntryOwner): Promise<boolean>
}
