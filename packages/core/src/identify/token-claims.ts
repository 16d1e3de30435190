import { Refusal } from '../refusal.js'
import { readClaims, UnreadableClaims } from './read-claims.js'

/**
 * Reads the claims of a token whose signature was checked. Stricter than jose: see {@link readClaims}.
 *
 * @throws {Refusal} 401 `caller_invalid`.
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
