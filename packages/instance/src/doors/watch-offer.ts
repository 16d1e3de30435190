import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { endSoon } from './end-then-destroy.js'
import { faultOfHead } from './fault-of-head.js'
import { refuseBrokenRequest } from './refuse-broken-request.js'

/** Called by Node's parser after each piece of input, with the number of bytes that it parsed, or with an error. */
type OnExecute = (result: number | Error) => void

/** Node's private HTTP parser of a connection. It keeps its callbacks under numbers, such as `kOnExecute`. */
interface Parser {
  readonly incoming: (IncomingMessage & { readonly upgrade?: boolean | null }) | null
  readonly constructor: { readonly kOnExecute?: number }
  getCurrentBuffer(): Buffer
  [callback: number]: OnExecute | null | undefined
}

/** For each connection whose parser is watched: the answer to its latest request with `Upgrade`. */
const offered = new WeakMap<Socket, ServerResponse>()

/**
 * Makes it safe to ignore the `Upgrade` of a request and to serve it as plain HTTP. Call it with every request, before
 * its answer.
 *
 * Node's parser stops after a request with `Upgrade`, whether the upgrade is accepted or not. If it is not, Node drops
 * the bytes that follow the request in the same piece of input, and reads the next piece as the begin of a request; it
 * also ignores an error in the request's body. So if a piece was not parsed to its end, the bytes after it are
 * unreliable: the request is answered, the rest is discarded and the connection is closed (RFC 9112, 9.6). A client
 * that waits for the answer before it sends more, as all known clients that offer `h2c` do, keeps its connection.
 *
 * In an application that embeds Postern, this is called for requests to the API only.
 *
 * @returns Whether Postern may take more requests from the connection.
 */
export function watchOffer(request: IncomingMessage, response: ServerResponse): boolean {
  // If the head has a fault, Node may have dropped header lines, and `Upgrade` may be one of them: watch it as well.
  if (request.headers.upgrade === undefined && faultOfHead(request) === undefined) return true
  const { socket } = request
  const isWatched = offered.has(socket)
  offered.set(socket, response)
  if (isWatched || watchParser(socket)) return true
  response.shouldKeepAlive = false
  return false
}

/** @returns `false` if the parser cannot be watched: the socket has another `data` listener, or Node's internals changed. */
function watchParser(socket: Socket): boolean {
  const { parser }: { readonly parser?: Parser | null } = socket as object
  const callback = parser?.constructor.kOnExecute
  if (parser === undefined || parser === null || callback === undefined) return false
  const onExecute = parser[callback]
  if (typeof onExecute !== 'function' || typeof parser.getCurrentBuffer !== 'function' || socket.listenerCount('data') !== 1) return false
  parser[callback] = (result) => {
    const size = typeof result === 'number' ? parser.getCurrentBuffer().length : 0
    const last = parser.incoming
    onExecute(result)
    if (typeof result !== 'number' || result >= size || last === null || last.upgrade === true) return
    if (last.complete) discardRest(socket, offered.get(socket) as ServerResponse)
    else refuseBrokenRequest(new Error('The body of a request is no body.'), socket)
  }
  return true
}

/** Lets the answer to the complete request finish, discards all later bytes and closes the connection. */
function discardRest(socket: Socket, response: ServerResponse): void {
  // Node's parser reads through a `data` listener: remove all listeners but ours, which discards.
  socket.on('data', () => {})
  for (const listener of socket.listeners('data').slice(0, -1)) socket.off('data', listener as () => void)
  const end = (): void => {
    if (!socket.writableEnded && !socket.destroyed) endSoon(socket, '')
  }
  if (!response.headersSent) response.shouldKeepAlive = false
  if (response.writableFinished || response.destroyed) end()
  else response.once('close', end)
}
