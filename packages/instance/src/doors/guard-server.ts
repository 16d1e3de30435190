import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '@postern/ports'
import { currentRuntime, type Serving } from '../runtime.js'
import { faultOfHead } from './fault-of-head.js'
import { refuseAtDoor } from './refuse-at-door.js'
import { refuseBrokenRequest } from './refuse-broken-request.js'
import { refuseConnect } from './refuse-upgrade.js'
import { watchOffer } from './watch-offer.js'

/** How long a connection may be silent, with nothing sent or received, in milliseconds. */
const silenceMs = 120_000

/**
 * Makes a server refuse, with a request id and the error envelope, what Node would refuse in its own words: bytes that
 * are not HTTP, `CONNECT`, and an `Expect` other than `100-continue`. Also applies the bounds of `Runtime.connections`
 * and sets `maxHeadersCount`, `requestTimeout`, `maxConnections` and the inactivity timeout (120 s). Create the server
 * with `requireHostHeader: false`, so that Postern refuses a request without `Host` as well.
 *
 * @returns The same server.
 */
export function guardServer(server: Server, instance: Serving): Server {
  // 0: no bound. Node silently drops header lines beyond `maxHeadersCount`; its bound on the head's bytes still holds.
  server.maxHeadersCount = 0
  // 0: off. Node's timeout is for the whole request; Postern bounds the rate instead (`connections.minRate`).
  server.requestTimeout = 0
  server.maxConnections = currentRuntime(instance).connections.bounds.inAll
  server.on('connection', (socket: Socket) => {
    currentRuntime(instance).connections.open(socket)
  })
  server.setTimeout(silenceMs, (socket) => currentRuntime(instance).connections.silent(socket))
  server.on('clientError', refuseBrokenRequest)
  server.on('connect', refuseConnect)
  refuseExpectations(server, instance)
  return server
}

/** Makes a server refuse an `Expect` other than `100-continue` with a request id and the error envelope. */
export function refuseExpectations(server: Server, instance: Serving): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    watchOffer(request, response)
    const message = 'Only "100-continue" can be expected.'
    refuseAtDoor(instance, request, response, faultOfHead(request) ?? new Refusal('request_malformed', { message, param: 'Expect' }))
  })
}
