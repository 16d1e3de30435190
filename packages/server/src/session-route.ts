import { readBounded } from './read-bounded.js'
import { maxBytes } from './read-asked.js'
import { createSessionEndpoint, type SessionRouteOptions } from './session-endpoint.js'

/**
 * A route that gives your users sessions, for frameworks that call a function with a `Request`, such as Next.js, Hono
 * and SvelteKit.
 *
 * `POST` only. Answers 201 with `{ token, id, token_type, expires_at, expires_in }`, as Postern's own session
 * endpoint does; 401 if `whoIs` returns no user; 403 to pages of other sites. The session is bound to the page that
 * asks; a JSON body may add bounds: `ttl`, `models`, `endpoints`, `max_tokens`, `max_calls`, `max_spend`, `workflow`, `jkt`.
 *
 * @throws {TypeError} if an entry of `origins` is not an origin. The route itself rejects with the errors of `whoIs`,
 *   or with a `TypeError` if `whoIs` grants what a session cannot express.
 *
 * @example
 * ```ts
 * // app/session/route.ts of Next.js
 * export const POST = sessionRoute({ minter, whoIs: async () => (await auth())?.user && { user, team } })
 * ```
 */
export function sessionRoute<Incoming extends Request = Request>(
  options: SessionRouteOptions<Incoming>,
): (request: Incoming) => Promise<Response> {
  const endpoint = createSessionEndpoint(options)
  return async (request) => {
    const { status, headers, body } = await endpoint(request, {
      method: request.method,
      header: (name) => request.headers.get(name) ?? undefined,
      readBody: async () => (request.body === null ? '' : readBounded(request.body, maxBytes)),
    })
    return new Response(body, { status, headers })
  }
}
