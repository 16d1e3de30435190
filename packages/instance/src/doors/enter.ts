import type { IncomingMessage, ServerResponse } from 'node:http'
import { handle, Journey, letGoOfBody, type Receipt } from '@postern/core'
import { handleSession, isForSessionEndpoint } from '@postern/identity'
import { currentRuntime, type Runtime, type Serving } from '../runtime.js'
import { answerPreflight, isPreflight } from './answer-preflight.js'
import { arrive } from './arrive.js'
import { offersWebSocket } from './asks-for-web-socket.js'
import { discardBody } from './discard-body.js'
import { faultOfHead } from './fault-of-head.js'
import { handleLimits, isForLimits } from './handle-limits.js'
import { faultOfRead } from './fault-of-read.js'
import { faultOfTarget } from './fault-of-target.js'
import { refuseAtDoor } from './refuse-at-door.js'
import { noWebSocket } from './refuse-upgrade.js'

/**
 * Hands a request to the corridor, to the session endpoint, or to what tells a caller its limits. Both doors, Node's and Express's, call this, so that both
 * answer alike. Requests with a broken head, requests for a WebSocket and preflights are answered here.
 *
 * @param target Path and query below the mount: `/v1/chat/completions?a=b`.
 * @returns The receipt of the ledger entry; `undefined` for a CORS preflight, which has no ledger entry. Rejects with what a
 *   middleware in front threw when Postern wrote the head; then no answer was sent, and the door must send one.
 */
export function enter(instance: Serving, request: IncomingMessage, response: ServerResponse, target: string): Promise<Receipt> | undefined {
  const runtime = currentRuntime(instance)
  const fault = faultOfHead(request) ?? faultOfTarget(request) ?? faultOfRead(request)
  if (fault !== undefined) return settle(refuseAtDoor(runtime, request, response, fault))
  // `response.socket` is null while an earlier answer on this connection is unfinished: then `Upgrade` is ignored.
  if (offersWebSocket(request) && response.socket !== null) return settle(refuseAtDoor(runtime, request, response, noWebSocket(), target))
  if (isPreflight(request)) {
    try {
      answerPreflight(runtime, request, response)
      return undefined
    } catch (error) {
      return Promise.reject(error)
    }
  }
  runtime.underWay.begin()
  let later: Runtime | undefined
  const arrival = arrive(runtime, request, target)
  let journey: Journey | undefined
  const isForSessions = runtime.sessionEndpoint !== undefined && isForSessionEndpoint(arrival)
  const handled = isForSessions
    ? handleSession(runtime, () => (later = beginUnder(currentRuntime(instance))), arrival, response)
    : isForLimits(arrival)
      ? handleLimits(runtime, arrival, response)
      : handleCall(runtime, (journey = new Journey(arrival)), response)
  return handled.then((receipt) => {
    if (journey !== undefined) runtime.liveCalls.delete(journey)
    letGoOfBody(arrival)
    onceSent(response, () => {
      runtime.underWay.end()
      later?.underWay.end()
    })
    if (receipt.thrown !== undefined) throw receipt.thrown.error
    discardBody(request, response)
    return receipt
  })
}

/** Hands a call to the corridor, and lists it among those under way. Its end takes it from the list. */
function handleCall({ rooms, liveCalls }: Runtime, journey: Journey, response: ServerResponse): Promise<Receipt> {
  liveCalls.add(journey)
  return handle(rooms, journey.arrival, response, journey)
}

/** Keeps a runtime open for a request that it begins to serve. */
function beginUnder(runtime: Runtime): Runtime {
  runtime.underWay.begin()
  return runtime
}

function settle(receipt: Receipt): Promise<Receipt> {
  return receipt.thrown === undefined ? Promise.resolve(receipt) : Promise.reject(receipt.thrown.error)
}

/**
 * Calls `sent` when the answer has left: the receipt exists before its last byte is sent. If the answer waits for an
 * earlier one, `sent` is called now, because Node may never emit `close` for such an answer.
 */
function onceSent(response: ServerResponse, sent: () => void): void {
  if (response.writableFinished || response.destroyed || response.socket === null) sent()
  else response.on('close', sent)
}
