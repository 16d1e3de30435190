import { hash, KeyObject, randomUUID, sign } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** What a test changes of a proof. */
export interface ProofChanges {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  /** Rewrites header and claims before they are signed, as no library would; for ES256 only. */
  readonly say?: (header: string, claims: string) => readonly [header: string, claims: string]
}

/** A client that has a key and proves it (RFC 9449). */
export interface Prover {
  /** The thumbprint that tokens are bound to. */
  readonly jkt: string
  readonly jwk: JWK
  /**
   * Makes a proof that is valid for this request, with the changes of a test. Without `token`: for a request without
   * one.
   */
  prove(method: string, url: string, token?: string, changes?: ProofChanges): Promise<string>
}

export async function createProver(algorithm = 'ES256'): Promise<Prover> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(publicKey)
  return {
    jkt: await calculateJwkThumbprint(jwk),
    jwk,
    async prove(method, url, token, { claims, header, say } = {}) {
      const ath = token === undefined ? {} : { ath: hash('sha256', token, 'base64url') }
      const proof = await new SignJWT({ jti: randomUUID(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000), ...ath, ...claims })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: algorithm, jwk, ...header })
        .sign(privateKey)
      if (say === undefined) return proof
      const [head = '', body = ''] = proof.split('.').map((part) => Buffer.from(part, 'base64url').toString())
      const written = say(head, body)
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.')
      const key = KeyObject.from(privateKey)
      return `${written}.${sign('sha256', Buffer.from(written), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    },
  }
}
