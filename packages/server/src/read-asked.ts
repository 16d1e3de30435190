import { hasRepeatedMember, readSessionRequest, sessionClaims, SessionFault, sessionFaultOverHttp, sessionSeconds } from '@postern/protocol'
import { SessionRefusal } from './session-refusal.js'
import type { AskedSession } from './narrow-session.js'

/** The largest body that is read, in bytes; a useful one has a few hundred. */
export const maxBytes = 16 * 1024

const jsonType = /^application\/(?:[\w.!#$&^-]+\+)?json\s*(?:;|$)/i

/**
 * Reads the bounds that a page asks for its session; an empty body asks for none.
 *
 * @param body Text, or the value that the application's body parser made.
 * @throws {SessionRefusal} `request_malformed`.
 */
export function readAsked(body: unknown, contentType: string | undefined): AskedSession {
  if (isEmpty(body)) return {}
  if (!jsonType.test(contentType ?? ''))
    throw new SessionRefusal('request_malformed', 'What a session is to be bound by is written in JSON.', 'Content-Type')
  const members = typeof body === 'string' ? parse(body) : body
  if (typeof members !== 'object' || members === null || Array.isArray(members))
    throw new SessionRefusal('request_malformed', 'The body is not a JSON object.')
  const own = ['user', 'team', 'project'].find((name) => Object.hasOwn(members, name))
  if (own !== undefined) throw new SessionRefusal('request_malformed', 'Whose session it is, is not asked but known.', own)
  // The application trusts `ext`, because only the minter can set it: a page must not.
  if (Object.hasOwn(members, 'ext')) throw new SessionRefusal('request_malformed', 'What "ext" holds is not for a page to say.', 'ext')
  return check(members as Readonly<Record<string, unknown>>)
}

/** Some body parsers leave an empty object if there was no body. */
function isEmpty(body: unknown): boolean {
  if (body === undefined || body === null || body === '') return true
  return typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0
}

function parse(text: string): unknown {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    throw new SessionRefusal('request_malformed', 'The body is not well-formed JSON.')
  }
  if (hasRepeatedMember(text)) throw new SessionRefusal('request_malformed', 'A member of the body stands twice.')
  return read
}

/** Validates the page's request separately, so that its mistake is not reported as the application's. */
function check(members: Readonly<Record<string, unknown>>): AskedSession {
  try {
    const asked = readSessionRequest(members)
    const { ttl, ...bounds } = asked
    if (ttl !== undefined) sessionSeconds(ttl)
    sessionClaims({ ...bounds, user: 'anybody' }, { id: '', issuedAt: 0, expiresAt: 0 })
    return asked
  } catch (error) {
    if (!(error instanceof SessionFault)) throw error
    const { message, param } = sessionFaultOverHttp(error)
    throw new SessionRefusal('request_malformed', message, param)
  }
}
