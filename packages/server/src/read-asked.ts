import { readSessionRequest, sessionClaims, sessionSeconds } from '@postern/protocol'
import { DeskRefusal } from './desk-refusal.js'
import type { AskedSession } from './narrow-session.js'

/** The largest request that is read, in bytes; what it may ask for takes a few hundred. */
export const mostBytes = 16 * 1024

const jsonType = /^application\/(?:[\w.!#$&^-]+\+)?json\s*(?:;|$)/i

/**
 * Reads what a page asks its session to be bound by; an empty body asks for nothing.
 *
 * @param body As text, or read already by a parser of the application's.
 * @throws {DeskRefusal} `request_malformed`.
 */
export function readAsked(body: unknown, contentType: string | undefined): AskedSession {
  if (isEmpty(body)) return {}
  if (!jsonType.test(contentType ?? ''))
    throw new DeskRefusal('request_malformed', 'What a session is to be bound by is written in JSON.', 'Content-Type')
  const members = typeof body === 'string' ? parse(body) : body
  if (typeof members !== 'object' || members === null || Array.isArray(members))
    throw new DeskRefusal('request_malformed', 'The body is not a JSON object.')
  const own = ['user', 'team', 'project'].find((name) => Object.hasOwn(members, name))
  if (own !== undefined) throw new DeskRefusal('request_malformed', 'Whose session it is, is not asked but known.', own)
  // The application believes what it finds there, because only who mints could have said it.
  if (Object.hasOwn(members, 'ext')) throw new DeskRefusal('request_malformed', 'What "ext" holds is not for a page to say.', 'ext')
  return check(members as Readonly<Record<string, unknown>>)
}

/** Some parsers leave an empty object where there was no body. */
function isEmpty(body: unknown): boolean {
  if (body === undefined || body === null || body === '') return true
  return typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new DeskRefusal('request_malformed', 'The body is not well-formed JSON.')
  }
}

/** Alone, so that a fault of whoever asks is not taken for one of whoever grants. */
function check(members: Readonly<Record<string, unknown>>): AskedSession {
  try {
    const asked = readSessionRequest(members)
    const { ttl, ...bounds } = asked
    if (ttl !== undefined) sessionSeconds(ttl)
    sessionClaims({ ...bounds, user: 'anybody' }, { id: '', issuedAt: 0, expiresAt: 0 })
    return asked
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new DeskRefusal('request_malformed', error.message)
  }
}
