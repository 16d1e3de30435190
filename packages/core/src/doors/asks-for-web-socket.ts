import type { IncomingMessage } from 'node:http'
import { answerOn } from './answer-on.js'

/** The one protocol that is changed to, as `Upgrade` names it (RFC 6455, 4.1). */
export const webSocket = 'websocket'

/**
 * Whether a request offers what can be taken: a WebSocket, with no answer before it still to be sent. Every other
 * offer is ignored, as a server may (RFC 9110, 7.8), and must of HTTP/1.0.
 */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return offersWebSocket(request) && !isBusy(request.socket)
}

/** Whether a request offers WebSocket as RFC 6455 has it: on a GET of HTTP/1.1 without a body. */
export function offersWebSocket({ method, headers, httpVersion }: IncomingMessage): boolean {
  return (
    headers.upgrade !== undefined &&
    method === 'GET' &&
    httpVersion === '1.1' &&
    headers['transfer-encoding'] === undefined &&
    (headers['content-length'] ?? '0') === '0' &&
    headers.upgrade.split(',').some((protocol) => protocol.trim().toLowerCase() === webSocket)
  )
}

/** Whether an answer is still to be sent on a connection. */
export function isBusy(socket: object): boolean {
  return answerOn(socket) !== null
}
