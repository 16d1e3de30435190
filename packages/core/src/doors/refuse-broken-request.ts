import type { Duplex } from 'node:stream'
import { Refusal } from '../refusal.js'
import { refuseOnSocket } from '../answers/on-socket.js'

/**
 * Answers a request that is not even HTTP, for the `clientError` event of a server: with an id and the
 * envelope, like every other refusal, and an end to the connection, whose next bytes cannot be trusted.
 */
export function refuseBrokenRequest(error: Error, socket: Duplex): void {
  if (!socket.writable || isAnswering(socket) || ('code' in error && error.code === 'ECONNRESET')) {
    socket.destroy()
    return
  }
  refuseOnSocket(new Refusal(codeOf(error)), socket)
}

/** Whether the head of an answer is out already, into which a second one must not be written. Node's own handler asks the same. */
function isAnswering(socket: Duplex): boolean {
  return (socket as Duplex & { readonly _httpMessage?: { readonly headersSent: boolean } | null })._httpMessage?.headersSent === true
}

function codeOf(error: Error): 'headers_too_large' | 'request_timeout' | 'request_malformed' {
  const code = 'code' in error ? error.code : undefined
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'request_malformed'
}
