import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Receipt } from '../account/index.js'
import { handle } from '../corridor.js'
import type { Runtime } from '../runtime.js'
import { isForDesk } from '../session/desk.js'
import { answerPreflight, isPreflight } from './answer-preflight.js'
import { arrive } from './arrive.js'
import { offersWebSocket } from './asks-for-web-socket.js'
import { discardBody } from './discard-body.js'
import { faultOfHead } from './fault-of-head.js'
import { refuseAtDoor } from './refuse-at-door.js'
import { noWebSocket } from './refuse-change.js'

/**
 * Leads a request into the corridor, or to the desk that gives sessions. Every door ends here, so that all of
 * them answer alike.
 *
 * @param target Path and query below the mount: `/v1/chat/completions?a=b`.
 * @returns The receipt, or nothing for a browser's preflight, which is no call.
 */
export function enter(runtime: Runtime, request: IncomingMessage, response: ServerResponse, target: string): Promise<Receipt> | undefined {
  const fault = faultOfHead(request)
  if (fault !== undefined) return Promise.resolve(refuseAtDoor(runtime, request, response, fault))
  // Behind an answer that is still to be sent, an offer is ignored.
  if (offersWebSocket(request) && response.socket !== null)
    return Promise.resolve(refuseAtDoor(runtime, request, response, noWebSocket(), target))
  if (isPreflight(request)) {
    answerPreflight(runtime, request, response)
    return undefined
  }
  runtime.underWay.begin()
  const arrival = arrive(runtime, request, target)
  const road = runtime.desk !== undefined && isForDesk(arrival) ? runtime.desk : handle
  return road(runtime.rooms, arrival, response).then((receipt) => {
    onceSent(response, () => runtime.underWay.end())
    discardBody(request, response)
    return receipt
  })
}

/** The receipt is written before the last byte has left. An answer that waits behind another's may never be told. */
function onceSent(response: ServerResponse, sent: () => void): void {
  if (response.writableFinished || response.destroyed || response.socket === null) sent()
  else response.once('close', sent)
}
