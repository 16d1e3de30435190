import type { IncomingMessage } from 'node:http'
import { answerOn } from './answer-on.js'

/** The only protocol that Postern upgrades to, as the `Upgrade` header names it (RFC 6455, 4.1). */
export const webSocket = 'websocket'

/**
 * Whether a request asks for an upgrade that Postern can accept: to WebSocket, on a connection where no earlier answer
 * is unfinished. A server may ignore every other `Upgrade` (RFC 9110, 7.8), and must ignore one on HTTP/1.0.
 */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return offersWebSocket(request) && !isBusy(request.socket)
}

/** Whether a request asks for WebSocket as RFC 6455, 4.1 requires: with GET, over HTTP/1.1, without a body. */
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
