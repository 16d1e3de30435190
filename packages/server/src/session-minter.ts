import { createSecretKey, randomUUID } from 'node:crypto'
import { readSessionBounds, sessionBoundClaims, type SessionBounds, sessionToken } from '@postern/protocol'
import { SignJWT } from 'jose'

/** How a minter is set up. */
export interface SessionMinterOptions {
  /** What the sidecar knows as `callers.session.secret`: at least 32 bytes. */
  readonly secret: string
  /** How long a token lives where {@link MintRequest.ttl} does not say, in seconds or as `10m`. Default 10 minutes. */
  readonly ttl?: number | string
}

/** For whom a token is, at least one of user, team and project; and what it is good for. */
export interface MintRequest extends SessionBounds {
  readonly user?: string
  readonly team?: string
  readonly project?: string
  /** Lifetime in seconds, or as `30s`, `10m`, `2h`. */
  readonly ttl?: number | string
}

/** A session token and what its holder may need to know of it. */
export interface MintedSession {
  /** A JWT, for `Authorization: Bearer …`. */
  readonly token: string
  /** Its id, as it stands in the ledger. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** Makes session tokens without asking anybody. */
export interface SessionMinter {
  mint(request: MintRequest): Promise<MintedSession>
}

const shortestSecretBytes = 32
const defaultTtl = '10m'
const plainName = /^\P{Cc}{1,256}$/u

/**
 * Makes session tokens for a page's users, in the backend that knows who they are.
 *
 * The token says who calls and dies soon; it is no gateway key, and whoever steals one can call only as its
 * user, only until then, and only from the page, for the models, endpoints and workflow that it is bound to.
 * Signed with HS256 under the secret that backend and sidecar share.
 *
 * @example
 * ```ts
 * const minter = createSessionMinter({ secret: process.env.POSTERN_SESSION_SECRET })
 * const { token } = await minter.mint({ user: 'u_7', team: 'acme', origin: 'https://app.example.com', models: ['auto'], ttl: '5m' })
 * ```
 *
 * @throws {TypeError} where the secret is shorter than 32 bytes; `mint` where it is asked for what a session cannot say.
 */
export function createSessionMinter(options: SessionMinterOptions): SessionMinter {
  if (Buffer.byteLength(options.secret) < shortestSecretBytes) {
    throw new TypeError(`"secret" must have at least ${shortestSecretBytes} bytes.`)
  }
  const key = createSecretKey(options.secret, 'utf8')
  return {
    async mint(request) {
      const { user, team, project, ttl, origin, models, endpoints, workflow, maxTokens, ...unknown } = request
      refuseUnknown(unknown)
      const bounds = sessionBoundClaims({ origin, models, endpoints, workflow, maxTokens })
      const read = readSessionBounds(bounds)
      if ('fault' in read) throw new TypeError(boundForms[read.fault])
      if (user === undefined && team === undefined && project === undefined) {
        throw new TypeError('A session is for a user, a team or a project; name at least one.')
      }
      for (const name of [user, team, project]) {
        if (name !== undefined && !plainName.test(name))
          throw new TypeError('A name has 1 to 256 characters, none of them a control character.')
      }
      const issuedAt = Math.floor(Date.now() / 1000)
      const expiresAt = issuedAt + ttlSeconds(ttl ?? options.ttl ?? defaultTtl)
      const id = randomUUID()
      const token = await new SignJWT({
        ...(user === undefined ? {} : { sub: user }),
        ...named({ team, project }),
        ...bounds,
      })
        .setProtectedHeader({ alg: sessionToken.algorithm, typ: sessionToken.type })
        .setAudience(sessionToken.audience)
        .setJti(id)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(key)
      return { token, id, expiresAt }
    },
  }
}

/** A restriction that nobody enforces must not look as if somebody did. */
function refuseUnknown(unknown: object): void {
  const [name] = Object.keys(unknown)
  if (name !== undefined) throw new TypeError(`"${name}" cannot be said of a session in this version; it would not be enforced.`)
}

const boundForms: Readonly<Record<string, string>> = {
  origin: '"origin" is what browsers write, such as "https://app.example.com".',
  models: '"models" is a list of 1 to 100 names; "*" stands for any characters.',
  endpoints: '"endpoints" is a list of 1 to 100 paths such as "chat/completions"; "*" stands for any characters.',
  max_tokens: '"maxTokens" is a whole number above 0.',
  workflow: '"workflow" has 1 to 64 letters, digits, underscores and hyphens.',
}

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

function ttlSeconds(ttl: number | string): number {
  const match = typeof ttl === 'number' ? null : /^(\d+)([smhd])$/.exec(ttl)
  const seconds =
    typeof ttl === 'number' ? ttl : match === null ? Number.NaN : Number(match[1]) * (secondsPerUnit[match[2] as string] as number)
  if (!Number.isInteger(seconds) || seconds < 1)
    throw new TypeError('"ttl" is a whole number of seconds, or a text such as "30s", "10m" or "2h".')
  return seconds
}

function named(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
