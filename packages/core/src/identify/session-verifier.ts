import { createSecretKey, hash } from 'node:crypto'
import { announcedBounds, readSessionBounds, type SessionBounds, sessionToken } from '@postern/protocol'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { plainName } from '../plain-name.js'
import { Refusal } from '../refusal.js'
import type { Secret } from '../secret.js'
import type { Principal } from '../principal.js'
import { kindOfJwt } from './jwt-form.js'
import type { Verifier } from './verifier.js'

export interface SessionVerifierOptions {
  readonly secret: Secret
  /** The longest lifetime that is accepted, in milliseconds, however long a token claims to live. */
  readonly maxLifetimeMs: number
}

/** How far the clocks of minter and sidecar may differ before a token counts as from the future, in seconds. */
const clockToleranceSeconds = 5

/** Verified tokens that are remembered, by the SHA-256 of the whole token. About 300 bytes each. */
const rememberedTokens = 20_000

interface VerifiedSession {
  readonly principal: Principal
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Recognises session tokens: JWTs signed with the shared secret.
 *
 * A token is verified once and then remembered under the digest of all of it, so a second token that only
 * begins alike is a different token.
 */
export function createSessionVerifier(options: SessionVerifierOptions): Verifier {
  const key = createSecretKey(options.secret.reveal(), 'utf8')
  const verified = new LRUCache<string, VerifiedSession>({ max: rememberedTokens })

  async function verifyOnce(token: string, digest: string): Promise<Principal> {
    const payload = await verifySignature(token, key)
    const session = readSession(payload, options.maxLifetimeMs)
    verified.set(digest, session)
    return session.principal
  }

  return {
    recognises: (credential) => kindOfJwt(credential) === 'session',
    verify(token) {
      const digest = hash('sha256', token)
      const session = verified.get(digest)
      if (session === undefined) return verifyOnce(token, digest)
      if (Date.now() >= session.expiresAt * 1000) throw new Refusal('caller_expired')
      return session.principal
    },
  }
}

async function verifySignature(token: string, key: ReturnType<typeof createSecretKey>): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [sessionToken.algorithm],
      audience: sessionToken.audience,
      typ: sessionToken.type,
      requiredClaims: ['exp', 'iat'],
    })
    return payload
  } catch (error) {
    throw new Refusal(error instanceof errors.JWTExpired ? 'caller_expired' : 'caller_invalid', { cause: error })
  }
}

function readSession(payload: JWTPayload, maxLifetimeMs: number): VerifiedSession {
  const { exp: expiresAt, iat: issuedAt } = payload
  if (typeof expiresAt !== 'number' || typeof issuedAt !== 'number') throw new Refusal('caller_invalid')
  const now = Date.now() / 1000
  if (issuedAt > now + clockToleranceSeconds)
    throw new Refusal('caller_invalid', { message: 'The session token was issued in the future.' })
  if ((expiresAt - issuedAt) * 1000 > maxLifetimeMs) {
    throw new Refusal('caller_invalid', { message: 'The session token lives longer than callers.session.maxTtl allows.' })
  }
  const principal: Principal = {
    bounds: readBounds(payload),
    user: readName(payload, 'sub'),
    team: readName(payload, 'team'),
    project: readName(payload, 'project'),
    via: 'session',
    caller: typeof payload.jti === 'string' ? `session:${payload.jti.slice(0, 64)}` : 'session',
    delegate: false,
  }
  return { principal, expiresAt }
}

/** Bounds are kept or the token is not taken. `undefined` where it has none. */
function readBounds(payload: JWTPayload): SessionBounds | undefined {
  const unknown = announcedBounds.find((name) => payload[name] !== undefined)
  if (unknown !== undefined)
    throw new Refusal('caller_invalid', { message: `The session token is bound by "${unknown}", which is not enforced.` })
  const read = readSessionBounds(payload)
  if ('fault' in read) throw new Refusal('caller_invalid', { message: `The session token's claim "${read.fault}" cannot be read.` })
  return Object.values(read.bounds).every((bound) => bound === undefined) ? undefined : read.bounds
}

function readName(payload: JWTPayload, claim: 'sub' | 'team' | 'project'): string | undefined {
  const value = payload[claim]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !plainName.test(value)) {
    throw new Refusal('caller_invalid', { message: `The session token's claim "${claim}" is not a name.` })
  }
  return value
}
