import type { Duplex } from 'node:stream'
import { answerRefusal, apiHeaders, tagRefused } from '@postern/core'
import type { Refusal } from '@postern/ports'
import { serializeGovernance } from '@postern/protocol'
import { endSoon } from './end-then-destroy.js'
import { headText } from './head-text.js'
import { nextUlid } from './next-ulid.js'

/** Writes a refusal to a socket without a `ServerResponse`, and ends the socket. */
export function refuseOnSocket(refusal: Refusal, socket: Duplex): void {
  const { requestId } = tagRefused({ ulid: nextUlid(), headers: {} })
  const record = serializeGovernance({ request_id: requestId, attempt: 0, finish: 'refused' })
  const { status, headers, body } = answerRefusal(refusal, { requestId, record, always: apiHeaders })
  if (!headers.includes('Connection')) headers.push('Connection', 'close')
  endSoon(socket, headText(status, statusTexts[status] ?? 'Error', headers) + body)
}

const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
}
