import { createSecretKey, hash } from 'node:crypto'
import { isNumericDate } from '@postern/core'
import { clockToleranceSeconds, type Principal, Refusal, type Secret } from '@postern/ports'
import { isPlainName, nameFault, readSessionBounds, type SessionBounds, sessionToken } from '@postern/protocol'
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose'
import { checkMembers } from './check-members.js'
import { kindOfJwt } from './jwt-form.js'
import { readProofKey } from './proof-key.js'
import { refuseToken } from './refuse-token.js'
import { rememberVerified, type Verified } from './remember-verified.js'
import type { Revocations } from './revocations.js'
import { tokenClaims } from './token-claims.js'
import { isFromAuthorization, type Verifier } from './verifier.js'

export interface SessionVerifierOptions {
  /** The shared secrets of tokens that are signed with HS256, any of which is good; empty: such tokens are refused. */
  readonly secrets: readonly Secret[]
  /** The key set for all other tokens; `undefined`: those are refused. */
  readonly keys: JWTVerifyGetKey | undefined
  /** The longest lifetime (`exp` minus `iat`) that is accepted, in milliseconds. */
  readonly maxLifetimeMs: number
  readonly revocations: Revocations
}

/** Checks a token's signature and returns its claims. Each algorithm is checked with its own kind of key only. */
type CheckSignature = (token: string) => Promise<JWTPayload>

/** Makes the verifier of session tokens: JWTs with their own `typ`, signed with a shared secret or a key of the backend. */
export function createSessionVerifier({ secrets, keys, maxLifetimeMs, revocations }: SessionVerifierOptions): Verifier {
  const bySecret = checkWithAny(secrets.map((secret) => checkWith([sessionToken.algorithm], secretKey(secret))))
  const byKeyPair = keys === undefined ? undefined : checkWith(sessionToken.keyPairAlgorithms, keys)
  const verify = rememberVerified(async (token) => {
    const check = algorithmOf(token) === sessionToken.algorithm ? bySecret : byKeyPair
    if (check === undefined)
      throw new Refusal('caller_invalid', { message: 'The session token is signed in a way that is not configured.' })
    const payload = await check(token)
    checkMembers(tokenClaims(token))
    return readSession(payload, token, maxLifetimeMs)
  })

  function refuseRevoked(principal: Principal): Principal | Promise<Principal> {
    const asked = revocations.check(principal.session as NonNullable<Principal['session']>, principal)
    return asked === undefined ? principal : asked.then(() => principal)
  }

  return {
    via: 'session',
    recognises: (credential) => isFromAuthorization(credential) && kindOfJwt(credential.text) === 'session',
    verify({ text }) {
      const principal = verify(text)
      return principal instanceof Promise ? principal.then(refuseRevoked) : refuseRevoked(principal)
    },
  }
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg
  } catch (error) {
    throw new Refusal('caller_invalid', { cause: error })
  }
}

function secretKey(secret: Secret): JWTVerifyGetKey {
  const key = createSecretKey(secret.reveal(), 'utf8')
  return async () => key
}

/** Tries the secrets in turn: a token does not name its secret, and a check of a signature takes microseconds. */
function checkWithAny(checks: readonly CheckSignature[]): CheckSignature | undefined {
  const last = checks.at(-1)
  const others = checks.slice(0, -1)
  if (last === undefined || others.length === 0) return last
  return async (token) => {
    for (const check of others) {
      try {
        return await check(token)
      } catch (error) {
        if (!isWrongSignature(error)) throw error
      }
    }
    return last(token)
  }
}

function isWrongSignature(error: unknown): boolean {
  return error instanceof Refusal && error.details.cause instanceof errors.JWSSignatureVerificationFailed
}

function checkWith(algorithms: readonly string[], key: JWTVerifyGetKey): CheckSignature {
  const options = {
    algorithms: [...algorithms],
    audience: sessionToken.audience,
    typ: sessionToken.type,
    requiredClaims: ['exp', 'iat'],
    // For "nbf", since the minter's clock may be ahead. `readSession` checks "exp" again, without this tolerance.
    clockTolerance: clockToleranceSeconds,
  }
  return async (token) => {
    try {
      return (await jwtVerify(token, key, options)).payload
    } catch (error) {
      throw refuseToken(error, 'session')
    }
  }
}

function readSession(payload: JWTPayload, token: string, maxLifetimeMs: number): Verified {
  const { exp, iat: issuedAt, jti, iss } = payload
  if (!isNumericDate(exp) || !isNumericDate(issuedAt)) throw new Refusal('caller_invalid')
  const now = Date.now() / 1000
  if (exp <= now) throw new Refusal('caller_expired')
  if (issuedAt > now + clockToleranceSeconds)
    throw new Refusal('caller_invalid', { message: 'The session token was issued in the future.' })
  if ((exp - issuedAt) * 1000 > maxLifetimeMs) {
    throw new Refusal('caller_invalid', { message: 'The session token lives longer than callers.session.maxTtl allows.' })
  }
  if (jti !== undefined && !isPlainName(jti)) throw new Refusal('caller_invalid', { message: 'The session token has no usable id.' })
  if (iss !== undefined && !isPlainName(iss))
    throw new Refusal('caller_invalid', { message: 'The session token’s claim "iss" is no name.' })
  const bounds = readBounds(payload)
  if ((bounds?.maxCalls !== undefined || bounds?.maxSpend !== undefined) && jti === undefined)
    throw new Refusal('caller_invalid', {
      message: 'The session token is bound to a number of calls or to money and has no id to count them under.',
    })
  const expiresAt = exp * 1000
  const user = readName(payload, 'sub')
  const jkt = readProofKey(payload)
  const principal: Principal = {
    bounds,
    user,
    team: readName(payload, 'team'),
    project: readName(payload, 'project'),
    // A page may choose the workflow of its session, but not the key that the workflow leads to.
    workflow: iss === sessionToken.chosenByPage ? undefined : bounds?.workflow,
    via: 'session',
    caller: jti === undefined ? 'session' : `session:${jti}`,
    delegate: false,
    expiresAt,
    jkt,
    holder: user === undefined ? holderOf(token, jkt, jti) : undefined,
    session: { id: jti, issuedAt },
  }
  return { principal, goodUntil: expiresAt }
}

/**
 * Whose objects those of a session without a user are. A key is the caller's own, so a session that is renewed under it finds
 * its stored objects again. Without a key nothing says that two sessions are of one caller: a renewed one, with another id, does not.
 */
function holderOf(token: string, jkt: string | undefined, jti: string | undefined): string {
  if (jkt !== undefined) return `key:${jkt}`
  return jti === undefined ? `token:${hash('sha256', token, 'base64url')}` : `session:${jti}`
}

/** Reads the bounds of a session; `undefined` if it has none. A bound that cannot be read refuses the token. */
function readBounds(payload: JWTPayload): SessionBounds | undefined {
  const read = readSessionBounds(payload)
  if ('fault' in read) throw new Refusal('caller_invalid', { message: `The session token's claim "${read.fault}" cannot be read.` })
  return Object.values(read.bounds).every((bound) => bound === undefined) ? undefined : read.bounds
}

function readName(payload: JWTPayload, claim: 'sub' | 'team' | 'project'): string | undefined {
  const value = payload[claim]
  if (value === undefined) return undefined
  const fault = typeof value === 'string' ? nameFault(value) : 'is not a text'
  if (fault === undefined) return value as string
  throw new Refusal('caller_invalid', { message: `The session token's claim "${claim}" is not a name: it ${fault}.` })
}
