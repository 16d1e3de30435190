/** What a revocation ends. */
export type RevokedKind = 'id' | 'user' | 'team'

/** The end of session tokens before their time. */
export interface Revocation {
  readonly kind: RevokedKind
  /** A token's id, a user or a team. */
  readonly name: string
  /** Tokens that were issued at this time or before are over, in seconds since the epoch; for an id, whenever it was issued. */
  readonly at: number
  /** When the last token that it could concern has expired anyway, in milliseconds since the epoch. */
  readonly until: number
}

/** Revocations in the order in which they were written. */
export interface RevocationPage {
  readonly revocations: readonly Revocation[]
  /** Where to go on from. */
  readonly mark: string
}

/**
 * What must be remembered beyond one request, or known to every process that serves the same callers.
 *
 * A method rejects where the store cannot be reached, soon (within two seconds) and without harm to later
 * calls: it is tried anew each time, so a store that comes back is used without a restart. What its caller
 * does then is always the same: refuse, with 503 `store_unavailable`.
 */
export interface Store {
  /** `process`: what is written is known to processes of this machine at most; `shared`: to all that are configured alike. */
  readonly scope: 'process' | 'shared'
  /**
   * Remembers a key until a time, in milliseconds since the epoch; `false` where it is remembered already.
   * Atomic: of several at once exactly one is told `true`.
   */
  remember(key: string, until: number): Promise<boolean>
  /** Counts one more under a key and gives the new count; it is forgotten at `until`, which the first count fixes. */
  count(key: string, until: number): Promise<number>
  /** Writes a revocation down; it is safe once this resolves. */
  revoke(revocation: Revocation): Promise<void>
  /** Revocations that were written after a mark, all of them without one; those whose `until` has passed may be left out. */
  revocations(after?: string): Promise<RevocationPage>
  close(): Promise<void>
}
