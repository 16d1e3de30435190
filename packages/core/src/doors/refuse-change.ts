import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Refusal } from '../refusal.js'
import { refuseOnSocket } from '../answers/on-socket.js'
import { answerOn } from './answer-on.js'
import { endSoon } from './end-soon.js'
import { faultOfHead } from './fault-of-head.js'

/** Refuses to speak another protocol than HTTP on the API, for the `upgrade` event of a server. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex): void {
  hear(socket)
  refuseOnSocket(faultOfHead(request) ?? noWebSocket(), socket)
}

/**
 * What a request for a WebSocket of the API gets: agents that probe for one take 426 as the word to fall back to HTTP.
 * The answer names the protocol that is spoken, as one with this status must (RFC 9110, 15.5.22), and ends the connection.
 */
export function noWebSocket(): Refusal {
  return new Refusal('upgrade_required', { param: 'Upgrade', headers: ['Upgrade', 'HTTP/1.1', 'Connection', 'Upgrade, close'] })
}

/** Refuses to be a proxy to anywhere, for the `connect` event of a server; what was asked before is answered first. */
export function refuseConnect(request: IncomingMessage, socket: Duplex): void {
  hear(socket)
  const refusal = new Refusal('method_not_allowed', { headers: ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] })
  refuseInTurn(socket, faultOfHead(request) ?? refusal)
}

/** Refuses on a connection that Node gave away, once what was asked on it before is answered. */
export function refuseInTurn(socket: Duplex, refusal: Refusal): void {
  if (socket.destroyed) return
  const pending = answerOn(socket)
  if (pending !== null) pending.once('close', () => setImmediate(refuseInTurn, socket, refusal))
  else refuseOnSocket(refusal, socket)
}

/** Node no longer listens to a connection that it gave away, and an error that nobody hears ends the process. */
function hear(socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  // What else the client says is not read for its meaning, but its end is: a server ends such a connection, and nobody is told when it breaks after that.
  socket.once('end', () => endSoon(socket, ''))
  socket.resume()
}
