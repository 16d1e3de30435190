import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '../refusal.js'
import type { Runtime } from '../runtime.js'
import { faultOfHead } from './fault-of-head.js'
import { refuseAtDoor } from './refuse-at-door.js'
import { refuseBrokenRequest } from './refuse-broken-request.js'
import { refuseConnect } from './refuse-change.js'
import { watchOffer } from './watch-offer.js'

/** How long a client may read nothing of what waits for it, in milliseconds. */
const silenceMs = 120_000

/**
 * Has a server refuse what Node would refuse by itself, but with an id and in the envelope: what is not HTTP,
 * tunnels to elsewhere, and expectations that nobody meets. Make the server with `requireHostHeader: false` for the same reason.
 */
export function guardServer(server: Server, runtime: Runtime): Server {
  // Node hands on no more header lines than this and drops the rest in silence, 0 for no bound: the one on bytes holds.
  server.maxHeadersCount = 0
  // A body may take as long as it takes where it comes fast enough; Node's bound is one on the whole.
  server.requestTimeout = 0
  server.maxConnections = runtime.connections.bounds.inAll
  server.on('connection', (socket: Socket) => {
    runtime.connections.open(socket)
  })
  server.setTimeout(silenceMs, (socket) => runtime.connections.silent(socket))
  server.on('clientError', refuseBrokenRequest)
  server.on('connect', refuseConnect)
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    watchOffer(request, response)
    const message = 'Only "100-continue" can be expected.'
    refuseAtDoor(runtime, request, response, faultOfHead(request) ?? new Refusal('request_malformed', { message, param: 'Expect' }))
  })
  return server
}
