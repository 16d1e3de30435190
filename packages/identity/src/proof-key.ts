import { Refusal } from '@postern/ports'
import { thumbprintPattern } from '@postern/protocol'

/**
 * Reads the thumbprint of the key that a token is bound to (claim `cnf`: RFC 7800, 3; RFC 9449, 6.1); `undefined` if the
 * token is not bound.
 *
 * @throws {Refusal} 401 `caller_invalid` if the token is bound in a way that Postern cannot check, such as to a client
 *   certificate. To accept it would ignore a restriction that its issuer set.
 */
export function readProofKey(claims: Readonly<Record<string, unknown>>): string | undefined {
  const { cnf } = claims as { readonly cnf?: unknown }
  if (cnf === undefined) return undefined
  const { jkt, ...others } = (typeof cnf === 'object' && cnf !== null ? cnf : {}) as Record<string, unknown>
  if (typeof jkt === 'string' && thumbprintPattern.test(jkt) && Object.keys(others).length === 0) return jkt
  throw new Refusal('caller_invalid', { message: 'The token is bound to its holder in a way that is not known here (its claim "cnf").' })
}
