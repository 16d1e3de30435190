import { isPlainName, sessionClaims, sessionSeconds } from '@postern/protocol'
import { type AdminPlace, createAskAdmin } from './ask-admin.js'
import { defaultTtl, type MintedSession, type MintRequest, type Mints } from './session-minter.js'

/** Where the admin listener is, its secret, and the default lifetime of sessions. */
export type AdminClientOptions = AdminPlace & {
  /** Lifetime of a session if a request does not say: seconds, or text such as `10m`. Default 10 minutes. */
  readonly ttl?: number | string
}

/** What to revoke: one session by its id, or all sessions that a user or a team has now. */
export type Revocation = { readonly id: string } | { readonly user: string } | { readonly team: string }

/**
 * Asks a running Postern to mint and to revoke sessions; the backend needs no signing secret. Both methods reject
 * with {@link PosternAdminError} if the admin listener does not do it.
 */
export interface AdminClient extends Mints {
  /**
   * Revokes sessions: within a second, every process that shares the store refuses calls with them.
   *
   * @throws {TypeError} if `what` does not name exactly one thing.
   * @throws {PosternAdminError} if the revocation may not have been made; repeating it does no harm.
   */
  revoke(what: Revocation): Promise<void>
}

const kinds = ['id', 'user', 'team']

/**
 * Makes a client of a sidecar's admin listener, on a port or a Unix socket.
 *
 * @throws {TypeError} if `url` or `socketPath` is not valid, the secret for a port is missing, or `ttl` is not a
 *   lifetime.
 *
 * @example
 * ```ts
 * const admin = createAdminClient({ socketPath: '/run/postern/admin.sock' })
 * app.post('/logout', async (request, response) => {
 *   await admin.revoke({ user: request.user.id })
 *   response.sendStatus(204)
 * })
 * ```
 */
export function createAdminClient({ ttl: usual = defaultTtl, ...place }: AdminClientOptions): AdminClient {
  const ask = createAskAdmin(place)
  const ttlSeconds = sessionSeconds(usual)
  return {
    ttlSeconds,
    async mint({ ttl = ttlSeconds, ...request }: MintRequest): Promise<MintedSession> {
      // Throw here what a minter would throw. Send the lifetime in seconds.
      const seconds = sessionSeconds(ttl)
      sessionClaims(request, { id: '', issuedAt: 0, expiresAt: 0 })
      const { maxTokens: max_tokens, maxCalls: max_calls, maxSpend: max_spend, ...others } = request
      return ask('/admin/v1/sessions', { ...others, max_tokens, max_calls, max_spend, ttl: seconds }, readMinted)
    },
    async revoke(what) {
      const [[kind, name] = [], ...others] = Object.entries(what)
      if (kind === undefined || others.length > 0 || !kinds.includes(kind) || !isPlainName(name))
        throw new TypeError('A revocation is { id }, { user } or { team }, one of them, and names it.')
      await ask('/admin/v1/revocations', { [kind]: name }, ({ revoked }) => (isObject(revoked) ? revoked : undefined))
    },
  }
}

function readMinted({ token, id, expires_at: expiresAt }: Readonly<Record<string, unknown>>): MintedSession | undefined {
  if (typeof token !== 'string' || token === '' || typeof id !== 'string' || typeof expiresAt !== 'number') return undefined
  return { token, id, expiresAt }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
