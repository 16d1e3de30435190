import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Refusal } from '@postern/ports'
import { refuseOnSocket } from './on-socket.js'
import { answerOn } from './answer-on.js'
import { endSoon } from './end-then-destroy.js'
import { faultOfHead } from './fault-of-head.js'

/**
 * Listener for a server's `upgrade` event: refuses an upgrade on the API with 426 `upgrade_required` and closes the
 * connection. A head that is malformed is refused for that instead.
 */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex): void {
  hear(socket)
  refuseOnSocket(faultOfHead(request) ?? noWebSocket(), socket)
}

/**
 * The refusal of a WebSocket on the API. Agents that try WebSocket first fall back to HTTP when they get 426. The
 * `Upgrade` header of a 426 must name a protocol that the server speaks (RFC 9110, 15.5.22). Closes the connection.
 */
export function noWebSocket(): Refusal {
  return new Refusal('upgrade_required', { param: 'Upgrade', headers: ['Upgrade', 'HTTP/1.1', 'Connection', 'Upgrade, close'] })
}

/** Listener for a server's `connect` event: refuses `CONNECT` with 405, after the answers to earlier requests. */
export function refuseConnect(request: IncomingMessage, socket: Duplex): void {
  hear(socket)
  const refusal = new Refusal('method_not_allowed', { headers: ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] })
  refuseInTurn(socket, faultOfHead(request) ?? refusal)
}

/** Refuses on a connection that Node has detached, after the answers to earlier requests on it. */
export function refuseInTurn(socket: Duplex, refusal: Refusal): void {
  if (socket.destroyed) return
  const pending = answerOn(socket)
  if (pending !== null) pending.once('close', () => setImmediate(refuseInTurn, socket, refusal))
  else refuseOnSocket(refusal, socket)
}

/**
 * Keeps reading a connection that Node has detached. Node has no listeners on it any more, and an `error` event without
 * a listener ends the process.
 */
function hear(socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  // Discard what the client sends. When it ends its half, end ours and destroy the connection: no server watches it any more.
  socket.once('end', () => endSoon(socket, ''))
  socket.resume()
  // Where the body of an earlier request had stopped the reading, Node has taken off what `resume` would start it with.
  socket._read(0)
}
