import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '@postern/ports'
import type { Connection } from './connection.js'
import { boundTinyChunks } from './tiny-chunks.js'

/** How many seconds' worth of `minRate` a body may be behind or, at most, save for later. */
export const graceSeconds = 10

/** How long the answer to a body that came too slowly may take before the connection is destroyed, in milliseconds. */
const answeringMs = 1000

/** How many bytes of a body are read before its consumer reads them, so that it is noticed when the client leaves. */
const maxAheadBytes = 64 * 1024

/** The most time between two looks that counts, in seconds: if more has passed, our event loop was blocked. */
const maxLookSeconds = 2

/**
 * Checks that a body comes at `minRate` bytes per second on average, give or take {@link graceSeconds}. Time in which the
 * consumer of the body does not read does not count. If the body is too slow, destroys it with 408 `request_timeout`.
 *
 * @param seconds Time since the last look.
 * @returns Whether to look again.
 */
export function lookAtBody(connection: Connection, minRate: number, seconds: number): boolean {
  const { request, response, socket } = connection
  if (request === undefined || request.complete || request.destroyed || socket.destroyed) {
    // Node stops reading a socket while too much of a body is unread. If the whole body has arrived and its consumer does not read it yet,
    // Node would not report that the client has left: start the reading here.
    if (request?.complete === true && response?.writableEnded === false && !socket.destroyed) socket.resume()
    connection.request = undefined
    connection.response = undefined
    return false
  }
  const received = socket.bytesRead - connection.bytesSeen
  connection.bytesSeen = socket.bytesRead
  // A socket that is paused does not report that its client has left: read a little more at each look.
  if (request.readableLength < maxAheadBytes) socket.resume()
  // Once the answer has begun, body and answer may be a conversation at any rate. The rest of a body after the whole answer
  // has bounds of its own: `discardBody`, `readRest`.
  if (response?.headersSent === true) return true
  const awaited = request.readableLength === 0 && !socket.isPaused()
  const most = graceSeconds * minRate
  const owed = awaited ? minRate * Math.min(seconds, maxLookSeconds) : 0
  connection.credit = Math.min(most, connection.credit + received - owed)
  if (connection.credit >= 0) return true
  giveUpBody(request, socket, new Refusal('request_timeout', { headers: ['Connection', 'close'] }))
  return false
}

/** Refuses a body of which no more is read. */
function giveUpBody(request: IncomingMessage, socket: Socket, refusal: Refusal): void {
  refuseBody(request, refusal)
  // The consumer of the body answers at once with the refusal. If there is no consumer, only this closes the connection.
  setTimeout(() => socket.destroy(), answeringMs).unref()
}

/** Starts to watch the body of a request for {@link lookAtBody}, and bounds its tiny chunks. */
export function awaitBody(connection: Connection, request: IncomingMessage, response: ServerResponse, minRate: number): void {
  connection.request = request
  connection.response = response
  connection.bytesSeen = connection.socket.bytesRead
  connection.credit = graceSeconds * minRate
  const { socket } = connection
  boundTinyChunks(request, () => giveUpBody(request, socket, tooManyChunks()))
}

function tooManyChunks(): Refusal {
  return new Refusal('request_malformed', {
    message: 'The body comes in thousands of chunks of a few bytes each.',
    help: 'Send it in larger chunks, or with "Content-Length".',
    headers: ['Connection', 'close'],
  })
}

/**
 * Destroys a request's body with a refusal. The body's consumer gets it as `error` event, or reads `errored` on `close`.
 * The connection stays open for the answer.
 */
export function refuseBody(request: IncomingMessage, refusal: Refusal): void {
  // If a request is destroyed before its end, Node destroys its socket too, unless `request.socket` is null at that moment.
  const seen = request as { socket: Socket | null }
  const { socket } = seen
  seen.socket = null
  request.destroy(refusal)
  seen.socket = socket
}
