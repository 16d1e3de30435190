import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { endSoon } from './end-soon.js'
import { faultOfHead } from './fault-of-head.js'
import { refuseBrokenRequest } from './refuse-broken-request.js'

/** How Node tells that it has parsed a piece: with how many of its bytes, or with an error. */
type OnExecute = (result: number | Error) => void

/** Node's parser of a connection, which keeps its callbacks under numbers. */
interface Parser {
  readonly incoming: (IncomingMessage & { readonly upgrade?: boolean | null }) | null
  readonly constructor: { readonly kOnExecute?: number }
  getCurrentBuffer(): Buffer
  [callback: number]: OnExecute | null | undefined
}

/** The answer to the request that offered last on a connection whose parser is watched. */
const offered = new WeakMap<Socket, ServerResponse>()

/**
 * Sees to it that nothing is lost behind an offer of another protocol that is served as plain HTTP; call it with
 * every request, before its answer.
 *
 * Node's parser stops behind a request that has such an offer, whether it is taken or not. Of one that is not, Node
 * drops what the same piece holds behind it, and takes the next piece for the begin of a request; and it takes no
 * notice of an error in its body. Where a piece is not parsed to its end, nothing that follows can be relied on: the
 * request is answered, the rest is discarded and the connection ends, as a server may end it (RFC 9112, 9.6). A
 * client that waits for its answer, as all do that are known to offer `h2c`, keeps its connection.
 *
 * In an application that embeds Postern, this holds for what comes to us; requests to other routes are on its own server.
 *
 * @returns Whether more requests can be taken from the connection.
 */
export function watchOffer(request: IncomingMessage, response: ServerResponse): boolean {
  // Of lines that Node dropped nothing is known; its parser has seen an offer among them.
  if (request.headers.upgrade === undefined && faultOfHead(request) === undefined) return true
  const { socket } = request
  const isWatched = offered.has(socket)
  offered.set(socket, response)
  if (isWatched || watchParser(socket)) return true
  response.shouldKeepAlive = false
  return false
}

/** @returns Whether it can be watched: not where somebody else reads the connection too, or where Node has changed. */
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

/** Answers what came whole, and nothing after it. */
function discardRest(socket: Socket, response: ServerResponse): void {
  // The parser of Node reads as one that listens.
  socket.on('data', () => {})
  for (const listener of socket.listeners('data').slice(0, -1)) socket.off('data', listener as () => void)
  const end = (): void => {
    if (!socket.writableEnded && !socket.destroyed) endSoon(socket, '')
  }
  if (!response.headersSent) response.shouldKeepAlive = false
  if (response.writableFinished || response.destroyed) end()
  else response.once('close', end)
}
