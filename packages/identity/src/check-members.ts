import { createMeantBy, Refusal } from '@postern/ports'
import { announcedBounds, sessionClaimNames } from '@postern/protocol'

const known = new Set<string>(sessionClaimNames)

/** Names that other systems use, and the member of a session token that is meant. */
const otherwise: Readonly<Record<string, string>> = {
  user: 'sub',
  user_id: 'sub',
  tenant: 'team',
  org: 'team',
  id: 'jti',
  jkt: 'cnf',
  ttl: 'exp',
  expires: 'exp',
  expires_at: 'exp',
  expires_in: 'exp',
  not_before: 'nbf',
  issuer: 'iss',
  audience: 'aud',
}
const meantBy = createMeantBy([...sessionClaimNames, ...Object.keys(otherwise)])

/** How much of an unknown name the message repeats, in characters. */
const maxRepeatedChars = 64

/**
 * Refuses a session token with a member that is not documented: the minter of the token may believe that this member
 * restricts it, and Postern would not enforce that.
 *
 * @throws {Refusal} 401 `caller_invalid`, which names the member, and the one that was probably meant.
 */
export function checkMembers(claims: Readonly<Record<string, unknown>>): void {
  const stranger = Object.keys(claims).find((name) => !known.has(name))
  if (stranger === undefined) return
  const message = `The session token has a member ${JSON.stringify(stranger.slice(0, maxRepeatedChars))}, which ${whatOf(stranger)}.`
  throw new Refusal('caller_invalid', { message, cause: message })
}

function whatOf(stranger: string): string {
  if (announcedBounds.includes(stranger)) return 'this version does not enforce'
  const near = meantBy(stranger)
  const meant = near === undefined ? undefined : (otherwise[near] ?? near)
  if (meant !== undefined) return `nobody enforces; "${meant}" is probably meant`
  return 'nobody enforces; what is the application’s own belongs into "ext"'
}
