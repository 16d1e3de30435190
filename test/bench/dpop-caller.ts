import { generateKeyPairSync, hash, randomUUID, sign } from 'node:crypto'
import { createSessionMinter } from '@postern/server'
import type { OpenCaller } from './callers.js'
import { sessionSecret } from './session-secret.js'

/** Proofs of one load; each is good for one request. More than are used in a round. */
const proofs = 10_000

/** A page's user with a token that is bound to its key, who proves to have it with each request. */
export async function openDpopCaller(): Promise<OpenCaller> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const jkt = hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')
  const { token } = await createSessionMinter({ secret: sessionSecret }).mint({ user: 'bench', team: 'acme', jkt, ttl: '1h' })
  const ath = hash('sha256', token, 'base64url')
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const header = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } })

  function prove(htu: string): string {
    const signed = `${header}.${encode({ jti: randomUUID(), htm: 'POST', htu, iat: Math.floor(Date.now() / 1000), ath })}`
    return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }

  return {
    // Its token is a session's, which the session caller configures.
    config: {},
    env: {},
    credentials: (port) => {
      const url = `http://127.0.0.1:${port}/ai/v1/chat/completions`
      const sets = Array.from({ length: proofs }, () => [`Authorization: DPoP ${token}`, `DPoP: ${prove(url)}`])
      return Promise.resolve({ sets, once: true })
    },
  }
}
