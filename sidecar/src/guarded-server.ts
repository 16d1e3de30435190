import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'

/** What Node answers in its own words, or with its own patience, where nobody listens. */
const nodesOwn = ['checkExpectation', 'clientError', 'connect'] as const

/**
 * Makes a server. Every listener of this process is made here, so that none is without the guards of the others.
 *
 * @param guard Listens to all that Node would answer by itself: an `Expect` that is not known, bytes that are not HTTP, `CONNECT`.
 * @throws {Error} if the guard leaves one of them to Node.
 */
export function createGuardedServer(options: ServerOptions, handle: RequestListener, guard: (server: Server) => void): Server {
  // Node's own refusal of a request without `Host` has neither a request id nor Postern's words.
  const server = createServer({ requireHostHeader: false, insecureHTTPParser: false, ...options }, handle)
  guard(server)
  const left = nodesOwn.filter((event) => server.listenerCount(event) === 0)
  if (left.length > 0) throw new Error(`Node itself would answer at this listener: nobody listens to ${left.join(', ')}.`)
  return server
}
