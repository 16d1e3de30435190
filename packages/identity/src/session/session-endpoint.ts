import {
  answerJson,
  type EndedSessions,
  type JsonAnswer,
  type NoteEnded,
  type Outcome,
  readBody,
  type Receipt,
  refuse,
  type Rooms,
  tagRefused,
} from '@postern/core'
import { type Arrival, entryOwnerOf, type Principal, Refusal, type ResponseSink } from '@postern/ports'
import type { Revocations } from '../revocations.js'
import type { Asking, SessionTrade } from './session-trade.js'

/** Serves a caller at the session endpoint: begins a session for `POST {mount}/session` and ends one for `DELETE`. */
export type SessionEndpoint = (arrival: Arrival, asking: Asking) => Promise<ServedSession>

/** The parts of a runtime that serve the session endpoint. */
export interface SessionPlace {
  readonly rooms: Rooms
  /** `undefined`: there are no sessions. */
  readonly sessionEndpoint: SessionEndpoint | undefined
}

/** The largest request body that is read, in bytes. A usual one has a few hundred. */
const maxRequestBytes = 16 * 1024

/** The answer, and the sessions that the request has ended. */
export interface ServedSession extends JsonAnswer {
  readonly ended?: EndedSessions
}

/** Whether a request is for the session endpoint. */
export function isForSessionEndpoint({ path }: Arrival): boolean {
  return path === '/session'
}

/** @param exchange `undefined`: this process cannot sign sessions, and `POST` is refused with 404 `not_found`. */
export function createSessionEndpoint(revocations: Revocations, exchange: SessionTrade | undefined, noteEnded: NoteEnded): SessionEndpoint {
  async function begin(arrival: Arrival, asking: Asking): Promise<JsonAnswer> {
    if (exchange === undefined) throw noSessions()
    const { token, id, expiresAt, scheme } = await exchange(arrival, asking)
    const expiresIn = expiresAt - Math.floor(Date.now() / 1000)
    return { status: 201, body: { token, id, token_type: scheme, expires_at: expiresAt, expires_in: expiresIn } }
  }

  async function end({ principal, requestId }: Asking): Promise<ServedSession> {
    const { session } = principal
    if (session?.id === undefined)
      throw new Refusal('request_malformed', {
        message:
          session === undefined
            ? 'Only a session can be ended here, and this credential is none.'
            : 'This session has no id by which it could be ended: it ends when it expires.',
        param: 'Authorization',
      })
    const ended = { kind: 'id', name: session.id } as const
    await revocations.revoke('id', session.id, () => noteEnded(ended, requestId, principal), entryOwnerOf(principal))
    return { status: 204, ended }
  }

  return async (arrival, asking) => {
    if (arrival.method === 'POST') return begin(arrival, asking)
    if (arrival.method === 'DELETE') return end(asking)
    throw new Refusal('method_not_allowed', { headers: ['Allow', 'POST, DELETE'] })
  }
}

/**
 * Carries a request through the session endpoint. The body comes first: a session outlives its request, so who asks, and what
 * they may, is decided by the configuration of the moment at which nothing of the client's is waited for any more.
 *
 * @param begun What serves requests as this one arrives.
 * @param current Gives what serves requests at the moment of the call, and keeps it until this request is over.
 */
export async function handleSession(
  begun: SessionPlace,
  current: () => SessionPlace,
  arrival: Arrival,
  sink: ResponseSink,
): Promise<Receipt> {
  const tags = tagRefused(arrival)
  let { rooms } = begun
  let principal: Principal | undefined
  let outcome: Outcome
  let ended: EndedSessions | undefined
  try {
    rooms.admit(arrival)
    const body = arrival.method === 'POST' ? await rooms.wait(readBody(arrival, maxRequestBytes)) : Buffer.alloc(0)
    const { rooms: now, sessionEndpoint } = current()
    if (now !== rooms) now.admit(arrival)
    rooms = now
    const knownAt = Math.floor(Date.now() / 1000)
    const verified = rooms.identify(arrival)
    principal = verified instanceof Promise ? await rooms.wait(verified) : verified
    if (sessionEndpoint === undefined) throw noSessions()
    const served = await rooms.wait(sessionEndpoint(arrival, { principal, knownAt, requestId: tags.requestId, body }))
    ended = served.ended
    outcome = answerJson(served, arrival, tags, sink)
  } catch (error) {
    outcome = refuse(error, { arrival, principal, tags }, sink)
  }
  return rooms.account({ arrival, principal, tags, outcome, ended, own: true })
}

function noSessions(): Refusal {
  return new Refusal('not_found', {
    message: 'Sessions are not given here.',
    help: 'For the operator: that needs callers.session.secret (or secrets), and callers.session.exchange not to be off.',
  })
}
