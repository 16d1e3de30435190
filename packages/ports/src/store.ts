/** What a revocation ends. */
export type RevokedKind = 'id' | 'user' | 'team'

/** Ends session tokens before they expire. */
export interface Revocation {
  readonly kind: RevokedKind
  /** A token's id, a user or a team. */
  readonly name: string
  /** Ends tokens whose `iat` is at this time or before, in seconds since the epoch. Not used for the kind `id`. */
  readonly at: number
  /** From this time on, all tokens that it ends have expired, in milliseconds since the epoch: it can be deleted. */
  readonly until: number
}

/** An answer of {@link Store.revocations}. */
export interface RevocationPage {
  /** In the order in which they were written. */
  readonly revocations: readonly Revocation[]
  /** Give this as `after` to the next call, to get only later revocations. */
  readonly mark: string
}

/**
 * Keeps what must outlive one request, or be known to every process that serves the same callers: counts, replayed proofs
 * and revocations.
 *
 * If the store cannot be reached, a method rejects within two seconds, with any error. Each call tries again, so a store
 * that comes back is used without a restart. The caller then refuses the request with 503 `store_unavailable`.
 */
export interface Store {
  /** Who sees what is written. `process`: at most the processes of this machine. `shared`: all with the same configuration. */
  readonly scope: 'process' | 'shared'
  /**
   * Stores a key until a time, in milliseconds since the epoch. Atomic: of several calls at once with one key, exactly one
   * gets `true`.
   *
   * @returns `false` if the key is stored already.
   */
  remember(key: string, until: number): Promise<boolean>
  /**
   * Adds 1 to the count of a key. Atomic.
   *
   * @param until When the count is forgotten, in milliseconds since the epoch; only that of the first call counts.
   * @returns The new count.
   */
  count(key: string, until: number): Promise<number>
  /** Writes a revocation. Once this resolves, the store keeps it until its `until`. */
  revoke(revocation: Revocation): Promise<void>
  /**
   * Reads revocations.
   *
   * @param after The `mark` of an earlier answer: only later ones. Default: all. Expired ones may be left out.
   */
  revocations(after?: string): Promise<RevocationPage>
  /** Releases the store's connections and files. */
  close(): Promise<void>
}
