import type { Revocation, RevokedKind } from './revocation.js'

/**
 * How far the clock of a token's minter may be ahead of ours, in seconds. A revocation also ends tokens whose `iat` is this
 * much later than the revocation.
 */
export const clockToleranceSeconds = 5

/**
 * A revocation is kept for at least this long, in milliseconds: the default of `callers.session.maxTtl`. Tokens of a longer life
 * than is allowed now may exist, and would be good again once that life is allowed again.
 */
const shortestKeptMs = 86_400_000

/**
 * Makes the revocation, as of now, of one session token or of all session tokens that a user or a team has now.
 *
 * @param name The token's id, the user or the team.
 * @param longestLifeMs The longest lifetime of a token, in milliseconds: the revocation is kept for that long.
 */
export function revocationOf(kind: RevokedKind, name: string, longestLifeMs: number): Revocation {
  const now = Date.now()
  const keptMs = Math.max(longestLifeMs, shortestKeptMs) + 2000 * clockToleranceSeconds
  return { kind, name, at: Math.ceil(now / 1000) + clockToleranceSeconds, until: now + keptMs }
}
