import { isJsonType } from '../lib/json-type.js'
import { Refusal } from '../refusal.js'
import type { AnswerHead } from './answer-head.js'
import type { Delivery, Exchange } from './exchange.js'
import { HeldAnswer, maxHeldBytes } from './held-answer.js'
import { passBytes } from './pass-bytes.js'
import { readError } from './read-error.js'
import { streamEvents } from './stream-events.js'

/** Says from an answer's head how it travels: held, as events, as bytes, or read as an error. */
export function chooseDelivery(exchange: Exchange, head: AnswerHead): Delivery {
  const { status } = head
  if (status >= 300 && status !== 304) return readError(exchange, head)
  const type = (head.header('content-type') ?? '').toLowerCase()
  if (type.startsWith('text/html')) {
    exchange.refuse(new Refusal('gateway_answer_invalid', { message: 'The gateway answered with an HTML page.', byGateway: true }))
    exchange.abort(new Error('The gateway answered with an HTML page.'))
    return ignored
  }
  if (hasNoBody(exchange, status)) return passBytes(exchange, head)
  if (exchange.facts.edit !== undefined)
    return isEncoded(head) || !isJsonType(type) ? refuseUneditable(exchange) : new HeldAnswer(exchange, head)
  if (isEncoded(head)) return passBytes(exchange, head)
  if (type.startsWith('text/event-stream')) return streamEvents(exchange, head)
  if (isJsonType(type) && Number(head.header('content-length') ?? 0) <= maxHeldBytes) return new HeldAnswer(exchange, head)
  return passBytes(exchange, head)
}

/** What must be edited is never passed on as it came. */
function refuseUneditable(exchange: Exchange): Delivery {
  const refusal = new Refusal('gateway_answer_invalid', {
    message: 'The gateway answered with something that this endpoint does not.',
    byGateway: true,
  })
  exchange.refuse(refusal)
  exchange.abort(refusal)
  return ignored
}

function hasNoBody({ facts: { arrival } }: Exchange, status: number): boolean {
  return arrival.method === 'HEAD' || status === 204 || status === 304
}

/** A gateway that compresses although it was asked not to cannot be listened to. */
function isEncoded(head: AnswerHead): boolean {
  const encoding = head.header('content-encoding')
  return encoding !== undefined && encoding.toLowerCase() !== 'identity'
}

const ignored: Delivery = { chunk: () => true, end: () => {}, broken: () => {} }
