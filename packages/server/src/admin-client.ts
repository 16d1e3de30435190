import { isPlainName, sessionClaims, sessionSeconds } from '@postern/protocol'
import { type AdminPlace, createAskAdmin } from './ask-admin.js'
import { defaultTtl, type MintedSession, type MintRequest, type Mints } from './session-minter.js'

export type AdminClientOptions = AdminPlace & {
  /** How long a session lives where a request does not say, in seconds or as `10m`. Default 10 minutes. */
  readonly ttl?: number | string
}

/** What to end: one session by its id, or all that a user or a team has now. */
export type Revocation = { readonly id: string } | { readonly user: string } | { readonly team: string }

/** What a backend may ask of the process: sessions, without a secret to sign them, and their end. */
export interface AdminClient extends Mints {
  /**
   * Ends sessions: the next call with one is refused, within a second in every process of the same store.
   *
   * @throws {TypeError} where it does not name one thing to end.
   * @throws {PosternAdminError} where it may not have been done; doing it again does no harm.
   */
  revoke(what: Revocation): Promise<void>
}

const kinds = ['id', 'user', 'team']

/**
 * Asks the admin listener of a sidecar, on a port or a Unix socket.
 *
 * @throws {TypeError} where the place is none, a secret is missing that there must be, or the lifetime is none.
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
      // Refused here as a minter would refuse it, and written as it will be read there.
      const seconds = sessionSeconds(ttl)
      sessionClaims(request, { id: '', issuedAt: 0, expiresAt: 0 })
      const { maxTokens: max_tokens, maxCalls: max_calls, ...others } = request
      const { token, id, expires_at: expiresAt } = await ask('/admin/v1/sessions', { ...others, max_tokens, max_calls, ttl: seconds })
      return { token, id, expiresAt } as MintedSession
    },
    async revoke(what) {
      const [[kind, name] = [], ...others] = Object.entries(what)
      if (kind === undefined || others.length > 0 || !kinds.includes(kind) || !isPlainName(name))
        throw new TypeError('A revocation is { id }, { user } or { team }, one of them, and names it.')
      await ask('/admin/v1/revocations', { [kind]: name })
    },
  }
}
