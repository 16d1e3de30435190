import type { Duplex } from 'node:stream'
import { notKept, refusalEnvelope, tagRefused } from '@postern/core'
import type { Refusal } from '@postern/ports'
import { headerNames } from '@postern/protocol'
import { endSoon } from './end-then-destroy.js'
import { nextUlid } from './next-ulid.js'

/** Writes a refusal to a socket without a `ServerResponse`, with an id and the envelope like every refusal, and ends the socket. */
export function refuseOnSocket(refusal: Refusal, socket: Duplex): void {
  const body = JSON.stringify(refusalEnvelope(refusal))
  const { requestId } = tagRefused({ ulid: nextUlid(), headers: {} })
  const { headers = [], retryAfterSeconds } = refusal.details
  const further = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []))
  endSoon(
    socket,
    [
      `HTTP/1.1 ${refusal.status} ${statusTexts[refusal.status] ?? 'Error'}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `${headerNames.requestId}: ${requestId}`,
      `${headerNames.governance}: ${JSON.stringify({ request_id: requestId, attempt: 0, finish: 'refused' })}`,
      `${headerNames.refusal}: ${refusal.code}`,
      ...(refusal.retryable ? [] : [`${headerNames.shouldRetry}: false`]),
      ...(retryAfterSeconds === undefined ? [] : [`Retry-After: ${retryAfterSeconds}`]),
      ...further,
      `Cache-Control: ${notKept}`,
      ...(headers.includes('Connection') ? [] : ['Connection: close']),
      '',
      body,
    ].join('\r\n'),
  )
}

const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
}
