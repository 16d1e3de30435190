import type { IncomingMessage, ServerResponse } from 'node:http'
import { SessionRefusal } from './session-refusal.js'
import { readBounded } from './read-bounded.js'
import { maxBytes } from './read-asked.js'
import { createSessionEndpoint, type SessionAnswer, type SessionRouteOptions } from './session-endpoint.js'

/** A request handler of Express, Connect or plain Node. */
export type SessionHandler<Incoming extends IncomingMessage> = (
  request: Incoming,
  response: ServerResponse,
  next?: (error: unknown) => void,
) => Promise<void>

/**
 * {@link sessionRoute} for Express and plain Node, with a body parser before it or without.
 *
 * A client that leaves while it sends its body gets no answer and costs nothing else. An error of `whoIs` goes to Express's `next`. Without `next`, it is answered with 500 and emitted as a warning of
 * the process.
 *
 * @throws {TypeError} if an entry of `origins` is not an origin.
 *
 * @example
 * ```ts
 * app.post('/session', sessionHandler({
 *   minter: createSessionMinter({ secret: process.env.POSTERN_SESSION_SECRET }),
 *   whoIs: ({ user }: express.Request) => user && { user: user.id, team: user.team, models: ['auto'] },
 * }))
 * ```
 */
export function sessionHandler<Incoming extends IncomingMessage = IncomingMessage>(
  options: SessionRouteOptions<Incoming>,
): SessionHandler<Incoming> {
  const endpoint = createSessionEndpoint(options)
  return async (request, response, next) => {
    try {
      const { method } = request
      send(response, await endpoint(request, { method, header: (name) => headerOf(request, name), readBody: () => readBody(request) }))
    } catch (error) {
      // The client left before its body was whole: that is no fault of the application's, and nobody waits for an answer.
      if (request.destroyed && !request.complete) return
      if (next !== undefined) next(error)
      else {
        const refusal = new SessionRefusal('internal_error', 'No session could be made.')
        send(response, { status: refusal.status, headers: refusal.headers, body: JSON.stringify(refusal.envelope) })
        process.emitWarning(error instanceof Error ? error : String(error))
      }
    }
  }
}

function send(response: ServerResponse, { status, headers, body }: SessionAnswer): void {
  // The rest of a body that was too large stays unread: the connection cannot be used again.
  const last = status === 413 ? { Connection: 'close' } : {}
  response.writeHead(status, { ...headers, ...last, 'Content-Length': Buffer.byteLength(body) }).end(body)
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** If a body parser has read the stream, `body` is what it made. */
async function readBody(request: IncomingMessage & { readonly body?: unknown }): Promise<unknown> {
  if (Buffer.isBuffer(request.body)) return request.body.toString()
  // Of a body that is there, `null` is what it says; a parser may also leave that where there is none.
  if (request.body === null && hasBody(request)) return 'null'
  if (request.body !== undefined) return request.body
  return readBounded(request.iterator({ destroyOnReturn: false }), maxBytes)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
