import { foldName } from '../lib/json-members.js'
import { isKeyMember } from './key-names.js'
import { Refusal } from '../refusal.js'

/** Every name of a key speaks of a key, a token or an authorization; most members of most requests do not. */
const mayNameKey = /key|token|auth/

/**
 * A client cannot submit a key.
 *
 * @throws {Refusal} 400 `credential_in_request`.
 */
export function refuseSubmittedKey(members: Readonly<Record<string, unknown>>): void {
  for (const name in members) {
    const folded = foldName(name)
    if (mayNameKey.test(folded) && isKeyMember(folded)) throw new Refusal('credential_in_request', { param: name })
  }
}
