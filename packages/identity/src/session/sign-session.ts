import { createSecretKey, randomUUID } from 'node:crypto'
import type { Secret } from '@postern/ports'
import { sessionClaims, type SessionLife, type SessionRequest, sessionToken } from '@postern/protocol'
import { SignJWT } from 'jose'

/** A session token, and what its receiver needs to know about it. */
export interface SignedSession {
  readonly token: string
  /** The claim `jti`. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Signs a session token with the shared secret, by HS256.
 *
 * @param life A revocation ends the sessions that were issued before it: `issuedAt` is when it was known for whom the session is,
 *   or before.
 * @throws {SessionFault} if the request has a member or a value that a session cannot have.
 */
export type SignSession = (request: SessionRequest, life: Omit<SessionLife, 'id'>) => Promise<SignedSession>

export function createSignSession(secret: Secret): SignSession {
  const key = createSecretKey(secret.reveal(), 'utf8')
  return async (request, life) => {
    const id = randomUUID()
    const claims = sessionClaims(request, { id, ...life })
    const token = await new SignJWT(claims).setProtectedHeader({ alg: sessionToken.algorithm, typ: sessionToken.type }).sign(key)
    return { token, id, expiresAt: life.expiresAt }
  }
}
