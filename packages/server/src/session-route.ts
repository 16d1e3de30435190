import { readBounded } from './read-bounded.js'
import { mostBytes } from './read-asked.js'
import { createSessionDesk, type SessionRouteOptions } from './session-desk.js'

/**
 * A route that gives your users sessions, for whatever calls a function with a `Request`, as Next.js, Hono and
 * SvelteKit do.
 *
 * `POST` only. Gives 201 with `{ token, id, token_type, expires_at, expires_in }` as Postern's own desk does, 401
 * where `whoIs` gives nobody, 403 to pages of other sites. The session is bound to the page that asks; a JSON
 * body may bind it further, by `ttl`, `models`, `endpoints`, `max_tokens`, `max_calls`, `workflow`, `jkt`.
 *
 * @throws {TypeError} where `origins` has what is no origin. What the route throws is what `whoIs` throws, or a
 *   `TypeError` where it grants what a session cannot say.
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
  const desk = createSessionDesk(options)
  return async (request) => {
    const { status, headers, body } = await desk(request, {
      method: request.method,
      header: (name) => request.headers.get(name) ?? undefined,
      readBody: async () => (request.body === null ? '' : readBounded(request.body, mostBytes)),
    })
    return new Response(body, { status, headers })
  }
}
