import { errors } from 'jose'
import { Refusal } from '../refusal.js'

/** What a token itself is to blame for is the caller's; what its issuer is, is nobody's whom we could name. */
export function refuseToken(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof errors.JWTExpired) return new Refusal('caller_expired', { cause: error })
  const ofToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== 'ERR_JOSE_GENERIC'
  return ofToken ? new Refusal('caller_invalid', { cause: error }) : new Refusal('caller_check_unavailable', { cause: error })
}
