import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Refusal } from '../refusal.js'
import type { Runtime } from '../runtime.js'
import { refuseAtDoor } from './refuse-at-door.js'
import { refuseBrokenRequest } from './refuse-broken-request.js'
import { refuseConnect } from './refuse-change.js'

/**
 * Has a server refuse what Node would refuse by itself, but with an id and in the envelope: what is not HTTP,
 * tunnels to elsewhere, and expectations that nobody meets. Make the server with `requireHostHeader: false` for the same reason.
 */
export function guardServer(server: Server, runtime: Runtime): Server {
  server.on('clientError', refuseBrokenRequest)
  server.on('connect', refuseConnect)
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const message = 'Only "100-continue" can be expected.'
    refuseAtDoor(runtime, request, response, new Refusal('request_malformed', { message, param: 'Expect' }))
  })
  return server
}
