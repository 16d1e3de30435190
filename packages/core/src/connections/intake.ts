import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '../refusal.js'
import type { Connection } from './connection.js'

/** How long a body may come slower than it must, after a time in which it came as fast, in seconds. */
export const graceSeconds = 10

/** How long an answer to a body that came too slowly may take, in milliseconds. */
const answeringMs = 1000

/** How much of a body is read ahead of whoever it is for, so that it is noticed when its client leaves, in bytes. */
const mostAhead = 64 * 1024

/** What the clock may show between two looks before it is we who were busy, in seconds. */
const longestLook = 2

/**
 * Looks whether a body that is awaited comes fast enough, on average over {@link graceSeconds}. While we do not
 * read, because whoever gets the body does not, time does not count.
 *
 * @returns Whether it has to be looked at again.
 */
export function lookAtBody(connection: Connection, minRate: number, seconds: number): boolean {
  const { request, response, socket } = connection
  if (request === undefined || request.complete || request.destroyed || socket.destroyed) {
    connection.request = undefined
    connection.response = undefined
    return false
  }
  const received = socket.bytesRead - connection.bytesSeen
  connection.bytesSeen = socket.bytesRead
  // A connection that is not read does not tell that its client has left: at each look a little more is read.
  if (request.readableLength < mostAhead) socket.resume()
  // An answer that has begun may talk with its body, as slowly as they like; what is left of one after its answer has bounds of its own.
  if (response?.headersSent === true) return true
  const awaited = request.readableLength === 0 && !socket.isPaused()
  const most = graceSeconds * minRate
  const owed = awaited ? minRate * Math.min(seconds, longestLook) : 0
  connection.credit = Math.min(most, connection.credit + received - owed)
  if (connection.credit >= 0) return true
  refuseBody(request, new Refusal('request_timeout', { headers: ['Connection', 'close'] }))
  // Whoever reads the body answers at once; where nobody does, or nothing can be said any more, this is the end.
  setTimeout(() => socket.destroy(), answeringMs).unref()
  return false
}

/** Begins to look at the body of a request. */
export function awaitBody(connection: Connection, request: IncomingMessage, response: ServerResponse, minRate: number): void {
  connection.request = request
  connection.response = response
  connection.bytesSeen = connection.socket.bytesRead
  connection.credit = graceSeconds * minRate
}

/**
 * Ends a request's body in a refusal, for whoever reads it: as its `error` and, where that is not listened to, as
 * `errored` once it is closed. Its connection stays open for the answer.
 */
function refuseBody(request: IncomingMessage, refusal: Refusal): void {
  // Node closes the connection of a request that is destroyed before its end, unless it sees none.
  const seen = request as { socket: Socket | null }
  const { socket } = seen
  seen.socket = null
  request.destroy(refusal)
  seen.socket = socket
}
