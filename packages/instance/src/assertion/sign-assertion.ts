import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { readSigningKey } from '@postern/config'
import { thumbprintOf } from '@postern/identity'
import type { Principal, Secret } from '@postern/ports'

export interface SignerOptions {
  /** An Ed25519 private key. */
  readonly key: KeyObject
  /** The claim `aud`. */
  readonly audience: string
  /** The longest lifetime of an assertion, in milliseconds. It also ends with the caller's credential, to the second. */
  readonly ttlMs: number
}

/** Signs a short-lived JWT that names a verified caller. */
export interface AssertionSigner {
  sign(principal: Principal): string | Promise<string>
  /** The key set with the public key, as JSON (RFC 7517, 5). */
  readonly jwks: string
}

interface Signed {
  readonly token: string
  /** Half of the assertion's lifetime has passed at this time, in milliseconds since the epoch. */
  readonly renewAt: number
}

/** The claim `iss` and the header `typ` of an assertion. A verifier should check both. */
const issuer = 'postern'
const type = 'postern-identity+jwt'
/** The shortest time that an assertion is good for, in milliseconds. */
const shortestMs = 1000

export function createAssertionSigner({ key, audience, ttlMs }: SignerOptions): AssertionSigner {
  const { kty, crv, x } = createPublicKey(key).export({ format: 'jwk' })
  const kid = thumbprintOf({ kty, crv, x }) as string
  // Keyed by the principal object: the cache of verified tokens returns the same object for the same token.
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

/** The signing key of a checked configuration. Without a secret: a new key that is lost when the process ends. */
export function openSigningKey(secret: Secret | undefined): KeyObject {
  return secret === undefined ? generateKeyPairSync('ed25519').privateKey : (readSigningKey(secret) as KeyObject)
}
