import {
  type PrincipalFields,
  reachStore,
  Refusal,
  type Revocation,
  revocationOf,
  type RevokedKind,
  type SessionFacts,
  type Store,
} from '@postern/ports'

/** If the copy of the revocations is older than this, a request renews it in the background, in milliseconds. */
const freshMs = 300

/** If the copy is older than this, a request waits for its renewal, in milliseconds: a revocation counts within a second. */
const staleMs = 700

/** How often expired revocations are deleted, in milliseconds. */
const sweepMs = 60_000

/** The revocations of session tokens. */
export interface Revocations {
  /**
   * Returns `undefined` if the session is not revoked; a promise if the store must be asked first.
   *
   * @throws {Refusal} 401 `caller_revoked`, 503 `store_unavailable`; the promise rejects with the same.
   */
  check(session: SessionFacts, principal: PrincipalFields): void | Promise<void>
  /**
   * Ends one session token, or all that a user or a team has now: in this process at once, in every other one within a
   * second.
   *
   * @throws {Refusal} 503 `store_unavailable`; then this process has not ended any.
   */
  revoke(kind: RevokedKind, name: string): Promise<void>
  /** Keeps revocations from now on for at least this long, in milliseconds: tokens of this life may exist. */
  keepFor(ms: number): void
}

/**
 * Follows the revocations of a store. Requests are checked against a copy in memory, so that a check costs no I/O. Requests
 * renew the copy; while that fails and the copy is too old, they are refused.
 *
 * @param longestLifeMs The longest lifetime of a token, in milliseconds: a revocation is kept for that long.
 */
export function createRevocations(store: Store, longestLifeMs: number): Revocations {
  const ended: Readonly<Record<RevokedKind, Map<string, Revocation>>> = { id: new Map(), user: new Map(), team: new Map() }
  let longestMs = longestLifeMs
  let mark: string | undefined
  let renewedAt = -Infinity
  let renewal: Promise<void> | undefined
  let sweptAt = 0

  function take(revocation: Revocation): void {
    const known = ended[revocation.kind]
    const before = known.get(revocation.name)
    if (before === undefined || before.at < revocation.at) known.set(revocation.name, revocation)
  }

  function sweep(now: number): void {
    if (now - sweptAt < sweepMs) return
    sweptAt = now
    for (const known of Object.values(ended)) for (const [name, { until }] of known) if (until <= now) known.delete(name)
  }

  async function read(): Promise<void> {
    const askedAt = performance.now()
    const page = await store.revocations(mark)
    page.revocations.forEach(take)
    mark = page.mark
    renewedAt = askedAt
    sweep(Date.now())
  }

  /** Renews the copy. There is one renewal at a time; all callers share it. */
  function renew(): Promise<void> {
    return (renewal ??= read().finally(() => {
      renewal = undefined
    }))
  }

  /** Waits for a copy that is fresh enough. If a renewal that was under way turns out to be too old, renews once more. */
  async function renewed(): Promise<void> {
    for (let again = true; ; again = false) {
      await reachStore(renew())
      if (performance.now() - renewedAt <= staleMs) return
      if (!again)
        throw new Refusal('store_unavailable', { retryAfterSeconds: 1, cause: 'The store answers too slowly to follow its revocations.' })
    }
  }

  function refuseEnded({ id, issuedAt }: SessionFacts, { user, team }: PrincipalFields): void {
    const over =
      (id !== undefined && ended.id.has(id)) ||
      (user !== undefined && issuedAt <= (ended.user.get(user)?.at ?? -Infinity)) ||
      (team !== undefined && issuedAt <= (ended.team.get(team)?.at ?? -Infinity))
    if (over) throw new Refusal('caller_revoked')
  }

  return {
    check(session, principal) {
      const age = performance.now() - renewedAt
      if (age > staleMs) return renewed().then(() => refuseEnded(session, principal))
      // Ignore a failure here: when the copy is older than `staleMs`, the next request waits for a renewal and sees it.
      if (age > freshMs && renewal === undefined) renew().catch(() => {})
      return refuseEnded(session, principal)
    },
    async revoke(kind, name) {
      const revocation = revocationOf(kind, name, longestMs)
      await reachStore(store.revoke(revocation))
      take(revocation)
    },
    keepFor(ms) {
      longestMs = Math.max(longestMs, ms)
    },
  }
}
