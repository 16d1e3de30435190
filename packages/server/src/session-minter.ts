import { createHmac, createPrivateKey, createPublicKey, createSecretKey, hash, type KeyObject, randomUUID, sign } from 'node:crypto'
import { sessionClaims, type SessionRequest, sessionSeconds, sessionToken } from '@postern/protocol'

/** How a minter is set up, whatever it signs with. */
interface CommonOptions {
  /** How long a token lives where {@link MintRequest.ttl} does not say, in seconds or as `10m`. Default 10 minutes. */
  readonly ttl?: number | string
}

/** With the secret that sidecar and backend share, or with a key pair of the backend's own. */
export type SessionMinterOptions = CommonOptions &
  (
    | {
        /** What the sidecar knows as `callers.session.secret`: at least 32 bytes. Where it is missing, the first `mint` says so. */
        readonly secret: string | undefined
      }
    | {
        /**
         * An Ed25519 private key: a PKCS #8 PEM text, or a `KeyObject`. The sidecar needs only its public half, which
         * {@link SessionMinter.jwks} gives, at the address that `callers.session.jwks` says. Where it is missing, the first use says so.
         */
        readonly privateKey: string | KeyObject | undefined
      }
  )

/** For whom a token is, at least one of user, team and project; what it is good for, and how long. */
export interface MintRequest extends SessionRequest {
  /** Lifetime in seconds, or as `30s`, `10m`, `2h`. */
  readonly ttl?: number | string
}

/** A session token and what its holder may need to know of it. */
export interface MintedSession {
  /** A JWT, for `Authorization: Bearer …`; for `Authorization: DPoP …` where it is bound to a key. */
  readonly token: string
  /** Its id, as it stands in the ledger and as it is revoked by. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** A set of public keys (RFC 7517, 5). */
export interface PublicKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** Whoever makes session tokens. */
export interface Mints {
  /** How long a token lives where {@link MintRequest.ttl} does not say, in seconds. */
  readonly ttlSeconds: number
  mint(request: MintRequest): Promise<MintedSession>
}

/** Makes session tokens without asking anybody. */
export interface SessionMinter extends Mints {
  /** What to publish where `callers.session.jwks` points; empty where the tokens are signed with a secret. */
  jwks(): PublicKeySet
}

const shortestSecretBytes = 32
/** Of whoever mints and is not told otherwise. */
export const defaultTtl = '10m'

/**
 * Makes session tokens for a page's users, in the backend that knows who they are.
 *
 * The token says who calls and dies soon; it is no gateway key, and whoever steals one can call only as its
 * user, only until then, and only from the page, for the models, endpoints, workflow and number of calls that it
 * is bound to; not at all, where it is bound to a key. Signed with HS256 under the secret that backend and
 * sidecar share, or with Ed25519 under a key that only the backend has.
 *
 * @example
 * ```ts
 * const minter = createSessionMinter({ secret: process.env.POSTERN_SESSION_SECRET })
 * const { token } = await minter.mint({ user: 'u_7', team: 'acme', origin: 'https://app.example.com', models: ['auto'], maxCalls: 20, ttl: '5m' })
 * ```
 *
 * @throws {TypeError} where the secret is shorter than 32 bytes, the key is no Ed25519 key or the lifetime is
 *   none; `mint` where it is asked for what a session cannot say, or where secret or key are missing: builds run a module
 *   without the environment that its server will have.
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

/** What is wrong is said at once; what is missing, where it is needed. */
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
  // The thumbprint of RFC 7638: the members that every such key has, in the order of their names.
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
    // What is wrong with a private key is better not repeated.
    throw fault
  }
  throw fault
}
