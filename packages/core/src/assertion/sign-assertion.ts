import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Principal } from '../principal.js'
import type { Secret } from '../secret.js'
import { thumbprintOf } from '../thumbprint.js'

export interface SignerOptions {
  /** An Ed25519 private key, PKCS #8 PEM; `undefined`: one that lives as long as the process. */
  readonly key: Secret | undefined
  /** Whom an assertion is for. */
  readonly audience: string
  /** How long one is good, in milliseconds. */
  readonly ttlMs: number
}

/** Says in a short JWT who a verified caller is. */
export interface AssertionSigner {
  sign(principal: Principal): string | Promise<string>
  /** The public half of the key (RFC 7517, 5), as it is published. */
  readonly jwks: string
}

interface Signed {
  readonly token: string
  /** Milliseconds since the epoch; it is good for as long again. */
  readonly renewAt: number
}

/** What an assertion says of itself; its verifier should ask for both. */
const issuer = 'postern'
const type = 'postern-identity+jwt'
/** The shortest time that an assertion is good for, in milliseconds. */
const shortestMs = 1000

export function createAssertionSigner({ key: secret, audience, ttlMs }: SignerOptions): AssertionSigner {
  const key = secret === undefined ? generateKeyPairSync('ed25519').privateKey : (readSigningKey(secret) as KeyObject)
  const { kty, crv, x } = createPublicKey(key).export({ format: 'jwk' })
  const kid = thumbprintOf({ kty, crv, x }) as string
  // A credential is verified once and its principal is one object from then on.
  const signed = new WeakMap<Principal, Signed>()

  async function signAnew(principal: Principal): Promise<string> {
    const { user, team, project, via, expiresAt = Infinity } = principal
    const now = Date.now()
    // A token is taken for the tolerance of clocks behind its end; the assertion must be good when it arrives.
    const endsAt = Math.max(Math.min(now + ttlMs, expiresAt), now + shortestMs)
    const token = await new SignJWT({ ...(user === undefined ? {} : { sub: user }), team, project, via })
      .setProtectedHeader({ alg: 'EdDSA', typ: type, kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(Math.ceil(endsAt / 1000))
      .sign(key)
    signed.set(principal, { token, renewAt: now + (endsAt - now) / 2 })
    return token
  }

  return {
    sign(principal) {
      const known = signed.get(principal)
      return known !== undefined && Date.now() < known.renewAt ? known.token : signAnew(principal)
    },
    jwks: JSON.stringify({ keys: [{ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }] }),
  }
}

/** Reads the key; `undefined` where it is no Ed25519 private key. What is wrong with it is better not repeated. */
export function readSigningKey(secret: Secret): KeyObject | undefined {
  try {
    const key = createPrivateKey(secret.reveal())
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    return undefined
  }
}
