import { isJsonType } from '../../lib/json-type.js'
import { rememberNames } from '../../lib/remember-names.js'
import { Refusal } from '@postern/ports'
import { type AnswerHead, renamed, unpackedHead } from '../answer-head.js'
import { ClientAnswer } from './client-answer.js'
import { decodersOf } from './content-codings.js'
import type { Delivery, Exchange } from '../exchange.js'
import { HeldAnswer, maxHeldBytes } from './held-answer.js'
import { passBytes } from './pass-bytes.js'
import { PeekedAnswer } from './peeked-answer.js'
import { readError } from './read-error.js'
import { describeAsked } from './refuse-for-gateway.js'
import { streamEvents } from './stream-events.js'
import { unpack } from './unpack.js'

/**
 * Chooses the delivery of an answer by its head: held, as events, as bytes, or read as an error. If the gateway packs the
 * body although the request asked for `identity`, it is unpacked first.
 */
export function chooseDelivery(exchange: Exchange, packed: AnswerHead): Delivery {
  const answer = new ClientAnswer(exchange, packed)
  const { status } = packed
  const isError = status >= 300 && status !== 304
  const decoders = packed.isRecoded ? undefined : decodersOf(packed.codings)
  if (decoders === undefined) {
    // The status alone makes an answer an error. Some servers name an unknown coding for an error whose text is not packed.
    return isError
      ? readError(exchange, answer)
      : refuseAnswer(exchange, answer, 'The gateway answered in a content coding that cannot be unpacked.')
  }
  if (decoders.length > 0) answer.head = unpackedHead(packed)
  const types = isError ? [] : typesIn(packed.joined('content-type') ?? '')
  const type = types[0] ?? ''
  const isPage = types.some((each) => page.test(each))
  if (isPage && (types.length > 1 || type !== defaultPage || hasNoBody(exchange, status))) return refusePage(exchange, answer)
  if (types.length > 1) return refuseAnswer(exchange, answer, 'The gateway called its answer several things at once.')
  if (!isError && hasNoBody(exchange, status)) return passBytes(exchange, answer)
  const delivery = isError ? readError(exchange, answer) : isPage ? chooseForPage(exchange, answer) : chooseForType(exchange, answer, type)
  return decoders.length === 0 || delivery === ignored ? delivery : unpack(exchange, decoders, delivery)
}

function chooseForType(exchange: Exchange, answer: ClientAnswer, type: string): Delivery {
  const isCalledJson = isJsonType(type) || otherJson.test(type)
  if (exchange.facts.edit !== undefined) {
    // An answer that must be edited never passes unedited.
    if (isCalledJson) return new HeldAnswer(exchange, answer)
    return refuseAnswer(exchange, answer, 'The gateway answered with something that this endpoint does not.')
  }
  if (eventStream.test(type)) return streamEvents(exchange, answer)
  const isLarge = Number(answer.head.header('content-length') ?? 0) > maxHeldBytes
  if (exchange.facts.route.endpoint.format.id === 'plain') {
    // Without a type, what was asked for by GET may be JSON all the same, with links that its client follows.
    const mayBeJson = isCalledJson || (type === '' && exchange.facts.arrival.method === 'GET')
    return mayBeJson && !isLarge ? new HeldAnswer(exchange, answer, isCalledJson) : passBytes(exchange, answer)
  }
  // This endpoint answers with JSON or events, and some servers name neither type.
  if (neither.test(type)) return passBytes(exchange, answer)
  if (!isLarge) return new HeldAnswer(exchange, answer, isCalledJson)
  return new PeekedAnswer(answer, (kind) => (kind === 'events' ? streamEvents(exchange, answer) : passBytes(exchange, answer)))
}

/** Types that servers used for JSON before `application/json`. */
const otherJson = /^(?:text|application)\/(?:x-)?json$/

/** Types that are neither one document nor events: media, and several documents in a row. */
const neither = /^(?:audio|font|image|video)\/|^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq)$/

/**
 * Chooses the delivery of an answer whose `Content-Type` is that of a page, which some servers send for everything. If the
 * body is JSON or events, the client gets that type, so that no browser shows it as a page. A real page is refused.
 */
function chooseForPage(exchange: Exchange, answer: ClientAnswer): Delivery {
  return new PeekedAnswer(answer, (kind) => {
    if (kind === 'other') return refusePage(exchange, answer)
    const type = kind === 'json' ? 'application/json' : 'text/event-stream'
    answer.head = renamed(answer.head, type)
    return chooseForType(exchange, answer, type)
  })
}

const defaultPage = 'text/html'
const page = /^(?:text\/html|application\/xhtml\+xml)/

/**
 * All types in the `Content-Type` lines and their lists, each once: one reader takes the first, another the last. Text
 * after a comma inside a parameter does not have the form of a type.
 */
const typesIn = rememberNames((contentTypes): readonly string[] => {
  const members = contentTypes.split(',').map((member) => (member.split(';', 1)[0] as string).trim().toLowerCase())
  return [...new Set(members.filter((member) => mediaType.test(member)))]
})

/** Allows for anything that a careless server writes after the type. */
const mediaType = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+(?:\s|$)/

/** `text/event-stream` (HTML standard, 9.2.5) and what it was called elsewhere, with or without parameters. */
const eventStream = /^\s*[a-z]+\/(?:x-)?event-stream\s*(?:;|$)/

function refuseAnswer(exchange: Exchange, answer: ClientAnswer, message: string): Delivery {
  const cause = `no answer of its API: check gateways.${exchange.facts.route.gateway.name}.baseURL. ${describeAsked(exchange)}`
  answer.stop(new Refusal('gateway_answer_invalid', { message, byGateway: true, cause }))
  return ignored
}

function refusePage(exchange: Exchange, answer: ClientAnswer): Delivery {
  return refuseAnswer(exchange, answer, 'The gateway answered with an HTML page.')
}

function hasNoBody({ facts: { arrival } }: Exchange, status: number): boolean {
  return arrival.method === 'HEAD' || status === 204 || status === 304
}

const ignored: Delivery = { chunk: () => true, end: () => {}, broken: () => {} }
