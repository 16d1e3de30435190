import type { PrincipalFields, SessionFacts } from '../principal.js'
import { Refusal } from '../refusal.js'
import { reachStore } from './reach-store.js'
import type { Revocation, RevokedKind, Store } from './store.js'

/** What is known of the store's revocations may be this old before it is looked at again, aside of the request at hand, in milliseconds. */
const freshMs = 300

/** Older than this, the request at hand waits until it was looked at: so what is revoked is over within a second everywhere. */
const staleMs = 700

/**
 * How far a minter's clock may be ahead, in seconds: so much later may a token say that it was issued, and be over
 * all the same.
 */
export const clockToleranceSeconds = 5

/** How often what has expired anyway is forgotten, in milliseconds. */
const sweepMs = 60_000

/**
 * Ends a token, or all that a user or a team has now.
 *
 * @param longestLifeMs How long after its minting a token can live at most.
 */
export function revocationOf(kind: RevokedKind, name: string, longestLifeMs: number): Revocation {
  const now = Date.now()
  return { kind, name, at: Math.ceil(now / 1000) + clockToleranceSeconds, until: now + longestLifeMs + 2000 * clockToleranceSeconds }
}

/** The sessions that were ended before their time. */
export interface Revocations {
  /**
   * Returns nothing where the session goes on and that is known; a promise where the store must be asked first.
   *
   * @throws {Refusal} 401 `caller_revoked`, 503 `store_unavailable`.
   */
  check(session: SessionFacts, principal: PrincipalFields): void | Promise<void>
  /**
   * Ends a token, or all that a user or a team has now; here at once, in every other process within a second.
   *
   * @throws {Refusal} 503 `store_unavailable`; then nothing has ended.
   */
  revoke(kind: RevokedKind, name: string): Promise<void>
}

/**
 * Follows the revocations of a store. Requests look at a copy in memory, so that checking costs no I/O; the copy
 * is renewed as requests come, and a process that cannot renew it refuses.
 *
 * @param longestLifeMs How long after its minting a token can live at most: so long is a revocation remembered.
 */
export function createRevocations(store: Store, longestLifeMs: number): Revocations {
  const ended: Readonly<Record<RevokedKind, Map<string, Revocation>>> = { id: new Map(), user: new Map(), team: new Map() }
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

  /** One at a time, whoever asks. */
  function renew(): Promise<void> {
    return (renewal ??= read().finally(() => {
      renewal = undefined
    }))
  }

  /** A renewal that was under way may have been asked long before; then once more. */
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
      // Who asks next learns whether it failed.
      if (age > freshMs && renewal === undefined) renew().catch(() => {})
      return refuseEnded(session, principal)
    },
    async revoke(kind, name) {
      const revocation = revocationOf(kind, name, longestLifeMs)
      await reachStore(store.revoke(revocation))
      take(revocation)
    },
  }
}
