import { readClaims, Refusal, UnreadableClaims } from '@postern/ports'

/**
 * Reads the claims of a token whose signature was checked. Stricter than jose: see {@link readClaims}. Its header is read as
 * strictly: if a member stands twice in it, two readers may take different ones. A key id in it is a text (RFC 7515, 4.1.4), also
 * where a shared secret and no key set checks the token.
 *
 * Each part is written in the one way that base64url has (RFC 7515, 2): a token that differs in bits that say nothing is another token.
 *
 * @throws {Refusal} 401 `caller_invalid`.
 */
export function tokenClaims(token: string): Readonly<Record<string, unknown>> {
  const [header = '', payload = '', signature = ''] = token.split('.', 3)
  for (const part of [header, payload, signature])
    if (Buffer.from(part, 'base64url').toString('base64url') !== part)
      throw new Refusal('caller_invalid', { message: 'A part of the token is not written as base64url writes it.' })
  try {
    const { kid } = readClaims(Buffer.from(header, 'base64url')) as { readonly kid?: unknown }
    if (kid !== undefined && typeof kid !== 'string')
      throw new Refusal('caller_invalid', { message: 'The header "kid" of the token is no text.' })
    return readClaims(Buffer.from(payload, 'base64url')) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (!(error instanceof UnreadableClaims)) throw error
    throw new Refusal('caller_invalid', { message: `What the token says ${error.message}.` })
  }
}
