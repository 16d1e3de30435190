import { foldName } from '../json-members.js'
import { Refusal } from '../refusal.js'

/** Members in which clients of one API or another send keys, lower-case, without separators. */
const keyMembers = new Set([
  'apikey',
  'providerkey',
  'xapikey',
  'xproviderkey',
  'gatewaykey',
  'authorization',
  'openaiapikey',
  'accesstoken',
])

/** Every one of them speaks of a key, a token or an authorization; most members of most requests do not. */
const mayNameKey = /key|token|auth/

/**
 * A client cannot submit a key.
 *
 * @throws {Refusal} 400 `credential_in_request`.
 */
export function refuseSubmittedKey(members: Readonly<Record<string, unknown>>): void {
  for (const name in members) {
    const folded = foldName(name)
    if (mayNameKey.test(folded) && keyMembers.has(folded.replaceAll(/[_-]/g, '')))
      throw new Refusal('credential_in_request', { param: name })
  }
}
