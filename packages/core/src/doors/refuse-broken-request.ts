import type { Duplex } from 'node:stream'
import { Refusal } from '../refusal.js'
import { refuseOnSocket } from '../answers/on-socket.js'
import { answerOn } from './answer-on.js'

/** Connections whose broken request waits for its turn to be refused; Node tells of each further piece of it. */
const waiting = new WeakSet<Duplex>()

/**
 * Answers a request that is not even HTTP, for the `clientError` event of a server: with an id and the
 * envelope, like every other refusal, and an end to the connection, whose next bytes cannot be trusted.
 */
export function refuseBrokenRequest(error: Error, socket: Duplex): void {
  if (!socket.writable || socket.readableEnded || ('code' in error && error.code === 'ECONNRESET')) {
    socket.destroy()
    return
  }
  if (waiting.has(socket)) return
  waiting.add(socket)
  refuseInPlace(new Refusal(codeOf(error)), socket)
}

/**
 * A client takes what comes for the answer to its first request that has none. So requests that came whole before the
 * broken one are answered first; into an answer whose head is out already, no second one is written.
 */
function refuseInPlace(refusal: Refusal, socket: Duplex): void {
  if (socket.destroyed) return
  const pending = answerOn(socket)
  if (pending?.headersSent === true) socket.destroy()
  else if (pending?.req.complete === true) pending.once('close', () => setImmediate(refuseInPlace, refusal, socket))
  else refuseOnSocket(refusal, socket)
}

function codeOf(error: Error): 'headers_too_large' | 'request_timeout' | 'request_malformed' {
  const code = 'code' in error ? error.code : undefined
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'request_malformed'
}
