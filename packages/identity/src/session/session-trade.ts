import { isJsonType, readJsonObject, refuseOtherReadings, refusePackedBody } from '@postern/core'
import { type Arrival, type Counters, entryOwnerOf, type Principal, reachStore, Refusal } from '@postern/ports'
import { readSessionRequest, SessionFault, sessionFaultOverHttp, type SessionRequest, sessionSeconds } from '@postern/protocol'
import type { Proofs } from '../proof/proof.js'
import type { SignedSession, SignSession } from './sign-session.js'

export interface SessionTradeOptions {
  readonly sign: SignSession
  readonly proofs: Proofs
  readonly counters: Counters
  /** The lifetime of a session whose request has no `ttl`, in seconds. */
  readonly ttlSeconds: number
  /** The longest lifetime of a session, in seconds. */
  readonly longestSeconds: number
  /** The most requests for sessions of one caller in a window. */
  readonly limit: number
  /** The length of a window, in milliseconds. */
  readonly windowMs: number
}

/** A session, and the `Authorization` scheme for its token. */
export interface ExchangedSession extends SignedSession {
  readonly scheme: 'Bearer' | 'DPoP'
}

/** A caller who asks for a session. */
export interface Asking {
  readonly principal: Principal
  /** A moment before the principal was known, in seconds since the epoch: a revocation since then ends the session too. */
  readonly knownAt: number
  readonly requestId: string
  /** The whole body of the request. It was read before the principal was known, since the client decides how long it takes. */
  readonly body: Buffer
}

/**
 * Trades a cookie or an identity provider's token for a session of the same user, team and project. The session ends with
 * that token or before. The request may only narrow it.
 *
 * The session is bound to the origin of the page that asks. If the request has a DPoP proof, or the token is bound to a key,
 * it is bound to that key as well (RFC 9449, 5).
 *
 * @throws {Refusal} 403 `endpoint_not_allowed` for any other credential, such as a session token or a service credential;
 *   400 `request_malformed`, 415 `media_type_unsupported`, 429 `rate_limited`, 401 `proof_invalid` or `caller_expired`, 503
 *   `store_unavailable`.
 */
export type SessionTrade = (arrival: Arrival, asking: Asking) => Promise<ExchangedSession>

export function createSessionTrade(options: SessionTradeOptions): SessionTrade {
  const { sign, proofs, counters, ttlSeconds, longestSeconds, limit, windowMs } = options

  async function countOne(principal: Principal): Promise<void> {
    const { user, team, project } = principal
    const now = Date.now()
    const window = Math.floor(now / windowMs)
    const key = `exchange:${JSON.stringify([user, team, project])}:${window}`
    const count = await reachStore(counters.add(key, (window + 1) * windowMs, entryOwnerOf(principal)))
    if (count > limit)
      throw new Refusal('rate_limited', { retryAfterSeconds: Math.min(60, Math.ceil(((window + 1) * windowMs - now) / 1000)) })
  }

  function readAsked(arrival: Arrival, body: Buffer): Readonly<Record<string, unknown>> {
    refusePackedBody(arrival.headers)
    if (body.length === 0) return {}
    if (!isJsonType(arrival.headers['content-type']))
      throw new Refusal('request_malformed', { message: 'What a session is to be bound by is written in JSON.', param: 'Content-Type' })
    refuseOtherReadings(arrival.headers)
    const members = readJsonObject(body)
    const own = ['user', 'team', 'project', 'jkt'].find((name) => Object.hasOwn(members, name))
    if (own !== undefined)
      throw new Refusal('request_malformed', { message: 'Whose session it is, is what the credential says.', param: own })
    // An application trusts "ext", because only the minter of a session can set it: a page must not.
    if (Object.hasOwn(members, 'ext'))
      throw new Refusal('request_malformed', { message: 'What "ext" holds is not for a page to say.', param: 'ext' })
    return members
  }

  return async (arrival, { principal, knownAt, body }) => {
    if (principal.via !== 'forwardAuth' && principal.via !== 'jwt')
      throw new Refusal('endpoint_not_allowed', {
        message: 'A session is given for a cookie or for a token of an identity provider, and the request brings neither.',
        help: 'Sign in first, or let your backend mint the session. What has a service credential needs none: it calls with that.',
      })
    await countOne(principal)
    const members = readAsked(arrival, body)
    const { user, team, project } = principal
    const jkt = principal.jkt ?? (await proofs.keyOf(principal, arrival))
    try {
      const { ttl = ttlSeconds, ...asked } = readSessionRequest(members)
      // Postern cannot see when a cookie expires: cap its session at `ttlSeconds`; the page asks for the next when it ends.
      const longest = principal.expiresAt === undefined ? Math.min(ttlSeconds, longestSeconds) : longestSeconds
      const wanted = knownAt + Math.min(sessionSeconds(ttl), longest)
      const expiresAt = Math.min(wanted, Math.floor((principal.expiresAt ?? Infinity) / 1000))
      if (expiresAt * 1000 <= Date.now()) throw new Refusal('caller_expired')
      const session = await sign(
        {
          ...asked,
          workflowOfPage: asked.workflow === undefined ? undefined : true,
          origin: originFor(arrival, asked),
          user,
          team,
          project,
          jkt,
        },
        { issuedAt: knownAt, expiresAt },
      )
      return { ...session, scheme: jkt === undefined ? 'Bearer' : 'DPoP' }
    } catch (error) {
      throw asRefusal(error)
    }
  }
}

/** A `SessionFault` comes from reading or signing what the request asks for: that is the client's mistake, 400. */
function asRefusal(error: unknown): unknown {
  return error instanceof SessionFault ? new Refusal('request_malformed', sessionFaultOverHttp(error)) : error
}

/** The session is for the origin of the page that asks. A request without `Origin` is not a page's, and may name any origin. */
function originFor({ headers: { origin } }: Arrival, asked: SessionRequest): string | undefined {
  if (origin !== undefined && asked.origin !== undefined && asked.origin !== origin)
    throw new Refusal('request_malformed', { message: 'A session is for the page that asks for it.', param: 'origin' })
  return origin ?? asked.origin
}
