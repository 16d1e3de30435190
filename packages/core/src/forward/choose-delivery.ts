import { isJsonType } from '../lib/json-type.js'
import { Refusal } from '../refusal.js'
import { type AnswerHead, renamed, unpackedHead } from './answer-head.js'
import { decodersOf } from './content-codings.js'
import type { Delivery, Exchange } from './exchange.js'
import { HeldAnswer, maxHeldBytes } from './held-answer.js'
import { passBytes } from './pass-bytes.js'
import { PeekedAnswer } from './peeked-answer.js'
import { readError } from './read-error.js'
import { streamEvents } from './stream-events.js'
import { unpack } from './unpack.js'

/**
 * Chooses the delivery of an answer by its head: held, as events, as bytes, or as an error. If the gateway compressed the
 * answer, although Postern asks for `identity`, the answer is decompressed first.
 */
export function chooseDelivery(exchange: Exchange, packed: AnswerHead): Delivery {
  const { status } = packed
  const isError = status >= 300 && status !== 304
  const decoders = packed.isRecoded ? undefined : decodersOf(packed.codings)
  if (decoders === undefined) {
    // An error is clear from its status, so it is read anyway: some servers name an unknown coding for plain text.
    return isError
      ? readError(exchange, packed)
      : refuseAnswer(exchange, 'The gateway answered in a content coding that cannot be unpacked.')
  }
  const head = decoders.length === 0 ? packed : unpackedHead(packed)
  const types = isError ? [] : typesIn(head.joined('content-type') ?? '')
  const type = types[0] ?? ''
  const isPage = types.some((each) => page.test(each))
  if (isPage && (types.length > 1 || type !== usualPage || hasNoBody(exchange, status))) return refusePage(exchange)
  if (types.length > 1) return refuseAnswer(exchange, 'The gateway called its answer several things at once.')
  if (!isError && hasNoBody(exchange, status)) return passBytes(exchange, head)
  const delivery = isError ? readError(exchange, head) : isPage ? chooseForPage(exchange, head) : chooseForType(exchange, head, type)
  return decoders.length === 0 || delivery === ignored ? delivery : unpack(exchange, decoders, delivery)
}

function chooseForType(exchange: Exchange, head: AnswerHead, type: string): Delivery {
  if (exchange.facts.edit !== undefined) {
    // An answer that must be edited is never passed on unchanged.
    if (isJsonType(type)) return new HeldAnswer(exchange, head)
    return refuseAnswer(exchange, 'The gateway answered with something that this endpoint does not.')
  }
  if (eventStream.test(type)) return streamEvents(exchange, head)
  if (isJsonType(type) && Number(head.header('content-length') ?? 0) <= maxHeldBytes) return new HeldAnswer(exchange, head)
  // Some servers send an event stream under another type.
  if (exchange.facts.route.endpoint.format.id !== 'plain' && saysNothing.has(type)) {
    return new PeekedAnswer(exchange, (kind) => (kind === 'events' ? streamEvents(exchange, head) : passBytes(exchange, head)))
  }
  return passBytes(exchange, head)
}

/** Default types of servers, which tell nothing about the content. */
const saysNothing = new Set(['', 'text/plain', 'application/octet-stream'])

/** Some servers send every answer as `text/html`. JSON and events get their own type: a browser would render them as a page. */
function chooseForPage(exchange: Exchange, head: AnswerHead): Delivery {
  return new PeekedAnswer(exchange, (kind) => {
    if (kind === 'json') return chooseForType(exchange, renamed(head, 'application/json'), 'application/json')
    if (kind === 'events') return chooseForType(exchange, renamed(head, 'text/event-stream'), 'text/event-stream')
    return refusePage(exchange)
  })
}

const usualPage = 'text/html'
const page = /^(?:text\/html|application\/xhtml\+xml)/

/**
 * All different types in the `Content-Type` lines and their lists: one reader takes the first, another the last. Text behind
 * a comma within a parameter does not match {@link mediaType}.
 */
function typesIn(contentTypes: string): readonly string[] {
  const members = contentTypes.split(',').map((member) => (member.split(';', 1)[0] as string).trim().toLowerCase())
  return [...new Set(members.filter((member) => mediaType.test(member)))]
}

/** A type, even if a careless server writes other text behind it. */
const mediaType = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+(?:\s|$)/

/** `text/event-stream` (HTML standard, 9.2.5) and its older names, with or without parameters. */
const eventStream = /^\s*[a-z]+\/(?:x-)?event-stream\s*(?:;|$)/

function refuseAnswer(exchange: Exchange, message: string): Delivery {
  return refuse(exchange, new Refusal('gateway_answer_invalid', { message, byGateway: true }))
}

function refusePage(exchange: Exchange): Delivery {
  return refuseAnswer(exchange, 'The gateway answered with an HTML page.')
}

function refuse(exchange: Exchange, refusal: Refusal): Delivery {
  exchange.refuse(refusal)
  exchange.abort(refusal)
  return ignored
}

function hasNoBody({ facts: { arrival } }: Exchange, status: number): boolean {
  return arrival.method === 'HEAD' || status === 204 || status === 304
}

const ignored: Delivery = { chunk: () => true, end: () => {}, broken: () => {} }
