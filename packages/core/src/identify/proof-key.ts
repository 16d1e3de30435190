import { thumbprintPattern } from '@postern/protocol'
import { Refusal } from '../refusal.js'

/**
 * Reads which key a token is bound to (RFC 7800, 3; RFC 9449, 6.1): the thumbprint, or `undefined` where it is
 * bound to none.
 *
 * @throws {Refusal} `caller_invalid` where it is bound in a way that is not checked here, such as to a client
 *   certificate: taking it all the same would make it worth more than its issuer meant.
 */
export function readProofKey(claims: Readonly<Record<string, unknown>>): string | undefined {
  const { cnf } = claims as { readonly cnf?: unknown }
  if (cnf === undefined) return undefined
  const { jkt, ...others } = (typeof cnf === 'object' && cnf !== null ? cnf : {}) as Record<string, unknown>
  if (typeof jkt === 'string' && thumbprintPattern.test(jkt) && Object.keys(others).length === 0) return jkt
  throw new Refusal('caller_invalid', { message: 'The token is bound to its holder in a way that is not known here (its claim "cnf").' })
}
