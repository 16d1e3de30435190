import { createSecretKey, randomUUID } from 'node:crypto'
import { sessionClaims, type SessionRequest, sessionToken } from '@postern/protocol'
import { SignJWT } from 'jose'
import type { Secret } from '../secret.js'

/** A session token, and what is said of it to whom it is for. */
export interface SignedSession {
  readonly token: string
  readonly id: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Signs session tokens with the shared secret.
 *
 * @throws {TypeError} where it is asked for what a session cannot say.
 */
export type SignSession = (request: SessionRequest, expiresAt: number) => Promise<SignedSession>

export function createSignSession(secret: Secret): SignSession {
  const key = createSecretKey(secret.reveal(), 'utf8')
  return async (request, expiresAt) => {
    const id = randomUUID()
    const claims = sessionClaims(request, { id, issuedAt: Math.floor(Date.now() / 1000), expiresAt })
    const token = await new SignJWT(claims).setProtectedHeader({ alg: sessionToken.algorithm, typ: sessionToken.type }).sign(key)
    return { token, id, expiresAt }
  }
}
