import { errors } from 'jose'
import { Refusal } from '@postern/ports'

/** The kind of the refused token: a session token of Postern, or a token of an identity provider. */
export type TokenKind = 'session' | 'provider'

/**
 * The refusal for an error of jose. A fault of the token is 401 `caller_invalid` or `caller_expired`. A fault of its issuer,
 * which is unreachable or publishes no usable keys, is 503 `caller_check_unavailable`.
 */
export function refuseToken(error: unknown, kind: TokenKind): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof errors.JWTExpired) return new Refusal('caller_expired', { cause: error })
  const ofToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== 'ERR_JOSE_GENERIC'
  if (!ofToken) return new Refusal('caller_check_unavailable', { cause: error })
  return new Refusal('caller_invalid', { message: faultOf(error, kind), help: helps[kind], cause: error })
}

/** May name claims to the client: jose checks them only after the signature was found good. */
function faultOf(error: errors.JOSEError, kind: TokenKind): string {
  const what = kind === 'session' ? 'The session token' : 'The token'
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return `${what} has no claim "${error.claim}".`
    if (error.claim === 'aud') return `${what} is for another audience.`
    if (error.claim === 'nbf') return `${what} is not good yet.`
    return `The claim "${error.claim}" of ${what.toLowerCase()} is not one that is taken here.`
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
    return `${what} is ${signedBy[kind]}.`
  if (error instanceof errors.JOSEAlgNotAllowed) return `${what} is signed with an algorithm that is not taken here.`
  return `${what} cannot be read.`
}

const signedBy = {
  session: 'not signed with the secret or key that this Postern checks sessions with',
  provider: 'not signed with a key that its issuer publishes',
} as const

const helps = {
  session:
    'Ask your backend for a new one. For the operator: the backend mints with the secret under callers.session.secret, with one of callers.session.secrets, or with the key that callers.session.jwks publishes.',
  provider:
    'Get a token for this service from your identity provider. For the operator: callers.jwt says what is taken, and "cause" in the log line of this request what was found.',
} as const
