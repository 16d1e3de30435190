import { Refusal } from '../refusal.js'
import { readClaims, UnreadableClaims } from './read-claims.js'

/**
 * Reads the claims of a token whose signature was checked, in the one way in which they can be read; jose reads them in
 * whichever way.
 *
 * @throws {Refusal} `caller_invalid`.
 */
export function tokenClaims(token: string): Readonly<Record<string, unknown>> {
  const [, payload = ''] = token.split('.', 2)
  try {
    return readClaims(Buffer.from(payload, 'base64url')) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (!(error instanceof UnreadableClaims)) throw error
    throw new Refusal('caller_invalid', { message: `What the token says ${error.message}.` })
  }
}
