import {
  type EntryOwner,
  type Feed,
  FollowedCopy,
  isNotAsked,
  type Principal,
  type PrincipalFields,
  reachStore,
  Refusal,
  type Revocation,
  revocationOf,
  type RevokedKind,
  type SessionCall,
  type SessionFacts,
} from '@postern/ports'
import { SessionCalls } from './session-calls.js'
import { UnsettledRevocations } from './unsettled-revocations.js'

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
   * Follows a call of a session until its `over`: it ends when the session is revoked. `undefined`: the credential is no session.
   *
   * @throws {Refusal} 401 `caller_revoked` if the session was revoked since it was checked.
   */
  follow(principal: Principal): SessionCall | undefined
  /**
   * Ends one session token, or all that a user or a team has now, and their calls under way: in this process at once, in every
   * other one within a second.
   *
   * @param late Called once, if this rejects because the store did not answer, and the revocation is found there afterwards: then
   *   the sessions have been ended after all.
   * @param owner Of a caller that ends a session of its own: whose the entry is in the store.
   * @throws {Refusal} 503 `store_unavailable`; then this process has not ended any yet. Whether it is known that none will be,
   *   `isNotAsked` says.
   */
  revoke(kind: RevokedKind, name: string, late?: () => void, owner?: EntryOwner): Promise<void>
  /** Keeps revocations from now on for at least this long, in milliseconds: tokens of this life may exist. */
  keepFor(ms: number): void
}

/**
 * Follows the revocations of a store, which every process appends to. Requests are checked against a copy in memory, so that a check
 * costs no I/O. Requests renew the copy; while calls of sessions are under way, a timer renews it too, so that a revocation ends those.
 * While a renewal fails and the copy is too old, requests are refused, and calls under way go on.
 *
 * @param longestLifeMs The longest lifetime of a token, in milliseconds: a revocation is kept for that long.
 */
export function createRevocations(feed: Feed<Revocation>, longestLifeMs: number): Revocations {
  const ended: Readonly<Record<RevokedKind, Map<string, Revocation>>> = { id: new Map(), user: new Map(), team: new Map() }
  let longestMs = longestLifeMs
  let mark: string | undefined
  let sweptAt = 0

  const copy = new FollowedCopy(read, 'its revocations')
  const calls = new SessionCalls(() => copy.renew().catch(() => {}))
  const unsettled = new UnsettledRevocations(() => copy.renew())

  /** Takes revocations into the copy, and ends the calls under way that those end which are new. */
  function take(revocations: readonly Revocation[]): void {
    const news = revocations.filter((revocation) => {
      const known = ended[revocation.kind]
      const before = known.get(revocation.name)
      if (before !== undefined && before.at >= revocation.at) return false
      known.set(revocation.name, revocation)
      return true
    })
    const [only] = news
    if (only === undefined) return
    calls.end(news.length === 1 ? (principal) => isEndedBy(only, principal) : isEnded)
  }

  function sweep(now: number): void {
    if (now - sweptAt < sweepMs) return
    sweptAt = now
    for (const known of Object.values(ended)) for (const [name, { until }] of known) if (until <= now) known.delete(name)
  }

  async function read(): Promise<void> {
    const page = await feed.after(mark)
    take(page.items)
    unsettled.found(page.items)
    mark = page.mark
    sweep(Date.now())
  }

  function isOver({ id, issuedAt }: SessionFacts, { user, team }: PrincipalFields): boolean {
    return (
      (id !== undefined && ended.id.has(id)) ||
      (user !== undefined && issuedAt <= (ended.user.get(user)?.at ?? -Infinity)) ||
      (team !== undefined && issuedAt <= (ended.team.get(team)?.at ?? -Infinity))
    )
  }

  function isEnded(principal: Principal): boolean {
    return principal.session !== undefined && isOver(principal.session, principal)
  }

  function refuseEnded(session: SessionFacts, principal: PrincipalFields): void {
    if (isOver(session, principal)) throw new Refusal('caller_revoked')
  }

  return {
    check(session, principal) {
      const freshened = copy.freshened()
      if (freshened !== undefined) return freshened.then(() => refuseEnded(session, principal))
      return refuseEnded(session, principal)
    },
    follow(principal) {
      if (principal.session === undefined) return undefined
      refuseEnded(principal.session, principal)
      return calls.begin(principal)
    },
    async revoke(kind, name, late, owner) {
      const revocation = revocationOf(kind, name, longestMs)
      try {
        await reachStore(feed.append(revocation, owner))
      } catch (error) {
        if (late !== undefined && !isNotAsked(error)) unsettled.add(revocation, late)
        throw error
      }
      take([revocation])
    },
    keepFor(ms) {
      longestMs = Math.max(longestMs, ms)
    },
  }
}

/** Whether one revocation ends a session: cheaper than to look all of them up. */
function isEndedBy({ kind, name, at }: Revocation, { session, user, team }: Principal): boolean {
  if (session === undefined) return false
  if (kind === 'id') return session.id === name
  return (kind === 'user' ? user : team) === name && session.issuedAt <= at
}
