import type { Duplex } from 'node:stream'
import { errorCodes, headerNames } from '@postern/protocol'
import { refusalEnvelope } from '../refuse.js'
import { Refusal } from '../refusal.js'
import { tagRefused } from '../tag/index.js'
import { nextUlid } from './next-ulid.js'

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

/** Refuses, on the bare connection, to speak another protocol than HTTP on the API. */
export function refuseUpgrade(socket: Duplex): void {
  refuseOnSocket(new Refusal('request_malformed', { message: 'The API does not change the protocol.', param: 'Upgrade' }), socket)
}

function refuseOnSocket(refusal: Refusal, socket: Duplex): void {
  const body = JSON.stringify(refusalEnvelope(refusal))
  const { requestId } = tagRefused({ ulid: nextUlid(), headers: {} })
  socket.end(
    [
      `HTTP/1.1 ${refusal.status} ${statusTexts[refusal.status] ?? 'Error'}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `${headerNames.requestId}: ${requestId}`,
      `${headerNames.governance}: ${JSON.stringify({ request_id: requestId, attempt: 0, finish: 'refused' })}`,
      `${headerNames.refusal}: ${refusal.code}`,
      ...(errorCodes[refusal.code].retryable ? [] : [`${headerNames.shouldRetry}: false`]),
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
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

const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}
