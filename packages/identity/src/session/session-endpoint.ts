import { answerJson, type EndedSessions, type JsonAnswer, type Outcome, type Receipt, refuse, type Rooms, tagRefused } from '@postern/core'
import { type Arrival, type Principal, Refusal, type ResponseSink } from '@postern/ports'
import type { Revocations } from '../revocations.js'
import type { SessionTrade } from './session-trade.js'

/** The session endpoint: begins a session with `POST {mount}/session` and ends one with `DELETE`. */
export type SessionEndpoint = (rooms: Rooms, arrival: Arrival, sink: ResponseSink) => Promise<Receipt>

/** The answer, and the sessions that the request has ended. */
interface Served extends JsonAnswer {
  readonly ended?: EndedSessions
}

/** Whether a request is for the session endpoint. */
export function isForSessionEndpoint({ path }: Arrival): boolean {
  return path === '/session'
}

/** @param exchange `undefined`: this process cannot sign sessions, and `POST` is refused with 404 `not_found`. */
export function createSessionEndpoint(revocations: Revocations, exchange: SessionTrade | undefined): SessionEndpoint {
  async function begin(arrival: Arrival, principal: Principal): Promise<JsonAnswer> {
    if (exchange === undefined)
      throw new Refusal('not_found', {
        message: 'Sessions are not given here.',
        help: 'For the operator: that needs callers.session.secret (or secrets), and callers.session.exchange not to be off.',
      })
    const { token, id, expiresAt, scheme } = await exchange(arrival, principal)
    const expiresIn = expiresAt - Math.floor(Date.now() / 1000)
    return { status: 201, body: { token, id, token_type: scheme, expires_at: expiresAt, expires_in: expiresIn } }
  }

  async function end({ session }: Principal): Promise<Served> {
    if (session?.id === undefined)
      throw new Refusal('request_malformed', {
        message:
          session === undefined
            ? 'Only a session can be ended here, and this credential is none.'
            : 'This session has no id by which it could be ended: it ends when it expires.',
        param: 'Authorization',
      })
    await revocations.revoke('id', session.id)
    return { status: 204, ended: { kind: 'id', name: session.id } }
  }

  function serve(arrival: Arrival, principal: Principal): Promise<Served> {
    if (arrival.method === 'POST') return begin(arrival, principal)
    if (arrival.method === 'DELETE') return end(principal)
    throw new Refusal('method_not_allowed', { headers: ['Allow', 'POST, DELETE'] })
  }

  return async (rooms, arrival, sink) => {
    const tags = tagRefused(arrival)
    let principal: Principal | undefined
    let outcome: Outcome
    let ended: EndedSessions | undefined
    try {
      rooms.admit(arrival)
      const verified = rooms.identify(arrival)
      principal = verified instanceof Promise ? await rooms.wait(verified) : verified
      const served = await rooms.wait(serve(arrival, principal))
      ended = served.ended
      outcome = answerJson(served, arrival, tags, sink)
    } catch (error) {
      outcome = refuse(error, { arrival, principal, tags }, sink)
    }
    return rooms.account({ arrival, principal, tags, outcome, ended })
  }
}
