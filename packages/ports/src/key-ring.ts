import type { Scope } from './scope.js'

/** A key of the ring as the store keeps it. */
export interface KeptKey {
  readonly alias: string
  /** Begins at 1 and grows by 1 with each change. */
  readonly version: number
  /** What the key is, sealed: the store does not read it. At most 16 KiB. */
  readonly row: string
}

/** Says which principals use a key of the ring. */
export interface KeptBinding {
  /** The principals, as text: see `bindingIdentity`. */
  readonly selector: string
  readonly alias: string
  /** Proves that the binding was written under a master key. The store does not read it. */
  readonly mac: string
}

/** A change of the ring, of which everything is done or nothing. */
export interface RingChange {
  /** Keys that are written; each has the version after the one that it replaces, 1 if it is new. */
  readonly keys?: readonly KeptKey[]
  /** Keys that are removed, each in this version. Bindings to them stay, and lead to nothing. */
  readonly removed?: readonly Pick<KeptKey, 'alias' | 'version'>[]
  /** Bindings that are added. */
  readonly bind?: readonly KeptBinding[]
  /** Selectors whose bindings are removed. */
  readonly unbind?: readonly string[]
  /** Aliases whose uses are counted from zero again; those of removed keys are too. */
  readonly countAnew?: readonly string[]
}

/** How often one secret of a key was sent to its gateway, by all processes together. */
export interface SecretUses {
  readonly alias: string
  /** The version of the key in which the secret came: tells it from the key's other secrets. */
  readonly since: number
  /** How many calls were sent with it; more than that where the answer to an earlier {@link KeyRing.addUses} was lost. */
  readonly calls: number
  /** When the first of them began, in milliseconds since the epoch. */
  readonly firstAt: number
  /** When the last of them began, or the last of them ended, in milliseconds since the epoch. */
  readonly lastAt: number
}

/** A binding that is marked anew. */
export interface RemarkedBinding {
  /** The binding as it was read. */
  readonly before: KeptBinding
  /** The mark that it gets. */
  readonly mac: string
}

/** What stands in the way of a change; nothing was changed. */
export interface RingConflict {
  /** Keys that have another version, or are there already. */
  readonly aliases: readonly string[]
  /** Selectors that are bound already, or are not bound. */
  readonly selectors: readonly string[]
}

/** What changed since a mark. */
export interface RingChanges {
  /** The aliases of keys that are others now, or have other bindings, and the selectors of those bindings. `undefined`: any may be. */
  readonly changed: { readonly aliases: readonly string[]; readonly selectors: readonly string[] } | undefined
  /** Give this to the next call. */
  readonly mark: string
}

/**
 * Keys and bindings that change while processes run, and that processes follow by a mark. A lookup costs the same with ten keys as with a
 * million.
 */
export interface KeyRing {
  readonly scope: Scope
  /** The bindings of these selectors that are there, in any order. */
  bindings(selectors: readonly string[]): Promise<readonly KeptBinding[]>
  /**
   * Of these beginnings, those with which the selector of some binding begins.
   *
   * @param beginnings At most 100, each ending in a line feed: see `beginningOf`.
   */
  beginningsOf(beginnings: readonly string[]): Promise<readonly string[]>
  key(alias: string): Promise<KeptKey | undefined>
  /** Keys in the order of their aliases. @param after The last alias of the page before. */
  keys(after: string | undefined, most: number): Promise<readonly KeptKey[]>
  /** The bindings that lead to a key, in the order of their selectors. @param after The last selector of the page before. */
  bindingsOf(alias: string, most: number, after?: string): Promise<readonly KeptBinding[]>
  /** How many there are. */
  count(): Promise<{ readonly keys: number; readonly bindings: number }>
  /** Makes a change. @returns What stands in its way; `undefined`: it is made. */
  change(change: RingChange): Promise<RingConflict | undefined>
  /** Marks bindings anew, each only if it is still what it was. @returns The selectors of those that are others now, or gone. */
  remark(bindings: readonly RemarkedBinding[]): Promise<readonly string[]>
  /** Adds to what is known of the uses of secrets: numbers of calls are added up, and the times are those of the first and the last of all. */
  addUses(uses: readonly SecretUses[]): Promise<void>
  /** The uses of a key's secrets, in the order of `since`; those that were never sent are left out. */
  usesOf(alias: string): Promise<readonly SecretUses[]>
  /** Writes new keys and bindings that no lookup finds before {@link KeyRing.publish}. @param batch A name that no other import has. */
  stage(batch: string, keys: readonly KeptKey[], bindings: readonly KeptBinding[]): Promise<void>
  /** Lets lookups find everything that was staged, or nothing of it. @returns What stands in the way: keys and bindings that are there already. */
  publish(batch: string): Promise<RingConflict | undefined>
  /** Removes what was staged and not published. */
  discard(batch: string): Promise<void>
  /** @param mark That of an earlier answer. Default: nothing is told, only the mark. */
  changes(mark?: string): Promise<RingChanges>
}
