import type { EntryOwner } from './entry-owner.js'
import type { Scope } from './scope.js'

/** An answer of {@link Feed.after}. */
export interface FeedPage<Item> {
  /** In the order in which they were appended. */
  readonly items: readonly Item[]
  /** Give this to the next call, to get only later items. */
  readonly mark: string
}

/** A list that is only ever appended to, and that processes follow by a mark: revocations. */
export interface Feed<Item> {
  readonly scope: Scope
  /**
   * Appends an item. Once this resolves, the store keeps the item for as long as the item itself says.
   *
   * @param owner Whose call asked for it, for a store that divides its room; it may ignore it. Default:
   *   the operator's, who shares with nobody.
   * @throws {Error} by rejecting, if it is not certain that the item is kept and will be read.
   */
  append(item: Item, owner?: EntryOwner): Promise<void>
  /**
   * Reads what was appended later than a mark, each item once. Where the list itself has lost its end, as a replica may that takes
   * over, everything is given anew. Items that are over may be left out.
   *
   * @param mark That of an earlier page. Default: from the beginning.
   * @throws {Error} by rejecting, if the store cannot be asked, or holds what is no item.
   */
  after(mark?: string): Promise<FeedPage<Item>>
}
