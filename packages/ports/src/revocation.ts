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
