import type { Duplex } from 'node:stream'
import { Refusal } from '@postern/ports'
import { refuseOnSocket } from './on-socket.js'
import { answerOn } from './answer-on.js'

/** Connections whose broken request is refused, or will be: Node emits `clientError` again for each further piece of it. */
const waiting = new WeakSet<Duplex>()

/**
 * Listener for a server's `clientError` event. Refuses bytes that Node could not parse as HTTP, with a request id and the
 * error envelope, and closes the connection: where the next request begins is not known.
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
 * Answers on a connection belong to its requests in order. So complete requests that came before the broken one are
 * answered first; and if the head of an answer has left already, the connection is destroyed instead.
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
