import { createHmac, createPrivateKey, createPublicKey, createSecretKey, hash, type KeyObject, randomUUID, sign } from 'node:crypto'
import { sessionClaims, type SessionRequest, sessionSeconds, sessionToken } from '@postern/protocol'

/** Options that do not depend on the kind of key. */
interface CommonOptions {
  /** Lifetime of a token if {@link MintRequest.ttl} does not say: seconds, or text such as `10m`. Default 10 minutes. */
  readonly ttl?: number | string
}

/** Signs with the secret that sidecar and backend share, or with a key pair of the backend. */
export type SessionMinterOptions = CommonOptions &
  (
    | {
        /**
         * `callers.session.secret` of the sidecar's configuration: at least 32 bytes. If it is missing, the first
         * `mint` throws.
         */
        readonly secret: string | undefined
      }
    | {
        /**
         * An Ed25519 private key: a PKCS #8 PEM text, or a `KeyObject`. The sidecar needs only the public key, which
         * {@link SessionMinter.jwks} returns, at the address in `callers.session.jwks`. If the key is missing, the
         * first use throws.
         */
        readonly privateKey: string | KeyObject | undefined
      }
  )

/** The owner of a session (at least one of user, team and project), its bounds and its lifetime. */
export interface MintRequest extends SessionRequest {
  /** Lifetime in seconds, or as `30s`, `10m`, `2h`. */
  readonly ttl?: number | string
}

/** A session token, its id and its expiry. */
export interface MintedSession {
  /** A JWT for `Authorization: Bearer …`; if it is bound to a key, for `Authorization: DPoP …`. */
  readonly token: string
  /** Its id, under which the ledger records it and a revocation names it. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** A set of public keys (RFC 7517, 5). */
export interface PublicKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** A maker of session tokens: a {@link SessionMinter}, or an admin client that asks a sidecar. */
export interface Mints {
  /** Lifetime of a token if {@link MintRequest.ttl} does not say, in seconds. */
  readonly ttlSeconds: number
  /** Makes a token. Rejects with a `TypeError` if the request asks for what a session cannot express. */
  mint(request: MintRequest): Promise<MintedSession>
}

/** Makes session tokens in this process, without a call to Postern. */
export interface SessionMinter extends Mints {
  /** The public keys to serve at the address in `callers.session.jwks`; empty if the tokens are signed with a secret. */
  jwks(): PublicKeySet
}

const shortestSecretBytes = 32
/** Lifetime of a session if neither the options nor the request say one. */
export const defaultTtl = '10m'

/**
 * Makes session tokens for a page's users, in the backend that knows the users.
 *
 * The token identifies the user and expires soon. It is not a gateway key: a thief can call only as its user, only
 * until it expires, and only from the page, for the models, endpoints, workflow and number of calls that it is bound
 * to; if it is bound to a key, not at all. Signed with HS256 under the secret that backend and sidecar share, or with
 * Ed25519 under a key that only the backend has.
 *
 * @throws {TypeError} if the secret is shorter than 32 bytes, the key is not an Ed25519 private key, or `ttl` is not
 *   a lifetime. If secret or key are missing, only the first use throws: builds load a module without the environment
 *   of its server.
 *
 * @example
 * ```ts
 * const minter = createSessionMinter({ secret: process.env.POSTERN_SESSION_SECRET })
 * const { token } = await minter.mint({ user: 'u_7', team: 'acme', origin: 'https://app.example.com', models: ['auto'], maxCalls: 20, ttl: '5m' })
 * ```
 */
export function createSessionMinter(options: SessionMinterOptions): SessionMinter {
  const signer = openSigner(options)
  const ttlSeconds = sessionSeconds(options.ttl ?? defaultTtl)
  return {
    ttlSeconds,
    async mint({ ttl = ttlSeconds, ...request }) {
      const issuedAt = Math.floor(Date.now() / 1000)
      const expiresAt = issuedAt + sessionSeconds(ttl)
      const id = randomUUID()
      const claims = sessionClaims(request, { id, issuedAt, expiresAt })
      return { token: signer().sign(claims), id, expiresAt }
    },
    jwks: () => ({ keys: signer().published }),
  }
}

const noSecret =
  '"secret" is missing. Give createSessionMinter the text that the configuration of Postern has as callers.session.secret, for example process.env.POSTERN_SESSION_SECRET, and set that.'

const noPrivateKey =
  '"privateKey" is missing. Give createSessionMinter an Ed25519 key as a PKCS #8 PEM text, for example process.env.SESSION_SIGNING_KEY, and set that.'

interface Signer {
  sign(claims: object): string
  readonly published: PublicKeySet['keys']
}

/** A wrong secret or key throws at once; a missing one throws when the signer is used. */
function openSigner(options: SessionMinterOptions): () => Signer {
  const byKeyPair = 'privateKey' in options
  const given = byKeyPair ? options.privateKey : options.secret
  if (given === undefined || given === '')
    return () => {
      throw new TypeError(byKeyPair ? noPrivateKey : noSecret)
    }
  const signer = byKeyPair ? keyPairSigner(given) : secretSigner(given)
  return () => signer
}

/** A JWT in its compact form (RFC 7515, 7.1). */
function writeToken(header: object, claims: object, signature: (signed: string) => Buffer): string {
  const signed = [{ ...header, typ: sessionToken.type }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${signature(signed).toString('base64url')}`
}

function secretSigner(secret: unknown): Signer {
  if (typeof secret !== 'string') throw new TypeError(noSecret)
  if (Buffer.byteLength(secret) < shortestSecretBytes)
    throw new TypeError(`"secret" has fewer than ${shortestSecretBytes} bytes. Make one with: openssl rand -base64 32`)
  const key = createSecretKey(secret, 'utf8')
  return {
    sign: (claims) => writeToken({ alg: sessionToken.algorithm }, claims, (signed) => createHmac('sha256', key).update(signed).digest()),
    published: [],
  }
}

function keyPairSigner(privateKey: string | KeyObject): Signer {
  const key = readPrivateKey(privateKey)
  const { kty, crv, x } = createPublicKey(key).export({ format: 'jwk' })
  // The thumbprint of RFC 7638: the required members of such a key, in the order of their names.
  const kid = hash('sha256', JSON.stringify({ crv, kty, x }), 'base64url')
  const [alg] = sessionToken.keyPairAlgorithms
  return {
    sign: (claims) => writeToken({ alg, kid }, claims, (signed) => sign(null, Buffer.from(signed), key)),
    published: [{ kty, crv, x, kid, alg, use: 'sig' }],
  }
}

function readPrivateKey(privateKey: string | KeyObject): KeyObject {
  const fault = new TypeError('"privateKey" must be an Ed25519 private key, as a PKCS #8 PEM text or a KeyObject.')
  try {
    const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey
    if (key.type === 'private' && key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // The original error may quote the private key: drop it.
    throw fault
  }
  throw fault
}
