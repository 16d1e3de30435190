import { type Finish, governanceComment } from '@postern/protocol'
import { tellRecord } from '../answers/record-for-client.js'
import { Refusal } from '../refusal.js'
import type { AnswerHead } from './answer-head.js'
import { classifyFailure } from './classify-failure.js'
import { beginInTime } from './begin-in-time.js'
import { createEventPump, type Edit } from './event-pump.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import type { LeakGuard } from './leak/leak-guard.js'
import { leakedKey } from './leaked-key.js'
import { ChoiceEnds } from './choice-ends.js'
import { createChunkMender } from './chunk-mender.js'
import { mayParse } from './parse-bound.js'
import { parseJson } from './parse-json.js'
import { usualEnd } from './record-pattern.js'
import { addChoices, asComment, readEventData } from './read-event.js'
import { refuseForGateway } from './refuse-for-gateway.js'
import { BrokenPacking } from './unpack.js'

/** After this many events with invalid JSON no event of the stream is parsed any more: each would cost an exception. */
const mostUnreadable = 1000

/**
 * Sends an event stream on, each event in the tick in which it is complete, and shows it to the tap.
 *
 * No other module edits a stream. The edits: `choices: []` is added to an event without `choices` if the `openai` client
 * would throw; an event without `type` becomes a comment if the format requires a type; incomplete chunks are completed; the
 * governance frame, a comment, is put before the end; and forged governance frames are removed.
 *
 * If the stream breaks off, the connection is destroyed, so that the client cannot take the stream for complete. The head
 * waits for the first event, for up to `firstEventMs`: a failure before the first event becomes an error with a status, a
 * later one is told in the stream.
 */
export function streamEvents(exchange: Exchange, head: AnswerHead): Delivery {
  const { sink, tap, records, upstream, key } = exchange.facts
  const mender = records.needsMending ? createChunkMender() : undefined
  let begun = false
  /** Whether an event with data has arrived. */
  let heard = false
  let failed = false
  let ended = false
  let framed = false
  const choiceEnds = new ChoiceEnds()
  let searchedForModel = 0
  let unreadable = 0

  const finishOf = (): Finish => (failed ? 'upstream_error' : 'complete')

  const frame = (finish: Finish): string => {
    framed = true
    return `${governanceComment}${tellRecord(exchange.governance(finish), tap.audience)}\n\n`
  }

  const begin = (): void => {
    if (begun) return
    begun = true
    stopClock()
    // Without this header nginx in front of Postern would buffer the events.
    writeAnswerHead(exchange, head, exchange.governance(undefined), 'X-Accel-Buffering', 'no')
  }
  const stopClock = beginInTime(exchange, begin)

  const write = (bytes: Buffer | string): boolean => {
    begin()
    return sink.write(bytes)
  }

  const cut = (cause: unknown, code?: string): void => {
    const record = exchange.governance('truncated')
    const last = framed ? undefined : frame('truncated')
    exchange.settle({ finish: 'truncated', status: head.status, record, cause, ...(code === undefined ? {} : { code }) })
    // Destroy only after the bytes written in this turn are sent: the client must see that its part is not complete.
    if (last === undefined) setImmediate(() => sink.destroy())
    else sink.write(last, () => sink.destroy())
  }

  const stop = (refusal: Refusal): void => {
    if (begun) cut(refusal, refusal.code)
    else exchange.refuse(refusal)
    exchange.abort(refusal)
  }

  const closing = (): string => {
    const last = failed ? undefined : mender?.closing()
    return last === undefined ? '' : `data: ${last}\n\n`
  }

  const refuseLeak = (leaked: string | undefined): boolean => {
    if (leaked !== undefined) stop(leakedKey(exchange, leaked))
    return leaked !== undefined
  }

  let ahead: LeakGuard | undefined
  const lookAhead = (piece: Buffer, isFirst: boolean): boolean => {
    if (isFirst) ahead = undefined
    ahead ??= key.leaks.guard()
    ahead.pass(piece)
    return !refuseLeak(ahead.found)
  }

  /** Some servers send one JSON document as `text/event-stream`. It is read as a document. */
  const inspectDocument = (text: string): Edit | undefined => {
    const document = parseJson(text)
    if (typeof document !== 'object' || document === null) return undefined
    tap.body(document, 'answer')
    if (records.choicesMayEnd) choiceEnds.hear(document)
    if (!upstream.errors.isError(document)) return undefined
    stop(refuseForGateway(exchange, head, document))
    return { stop: true }
  }

  const inspect = (bytes: Buffer, start: number, end: number, lookedAhead: boolean): Edit | undefined => {
    if (!lookedAhead && refuseLeak(key.leaks.find(bytes, start, end))) return { stop: true }
    const text = bytes.toString('latin1', start, end)
    // A governance frame from the gateway would look like Postern's own.
    if (lookedAhead) {
      if (forgedLine.test(text)) {
        stop(invalid('The gateway sent a large event with a line in the name of Postern.'))
        return { stop: true }
      }
    } else if (text.includes(governanceComment)) {
      const clean = withoutForgedFrames(bytes.toString('utf8', start, end))
      if (clean !== undefined) return { instead: clean }
    }
    if (!records.mayMatter(text) && (tap.knowsModel() || searchedForModel === recordsThatNameTheModel)) {
      heard ||= text.includes('data:')
      return undefined
    }
    if (unreadable === mostUnreadable || !mayParse(bytes, start, end)) {
      heard ||= text.includes('data:')
      ended ||= records.saysEnd(text)
      failed ||= records.saysFailure(text)
      return undefined
    }
    searchedForModel = Math.min(recordsThatNameTheModel, searchedForModel + 1)
    const event = bytes.toString('utf8', start, end)
    const data = readEventData(event)
    if (data === undefined) return heard || begun ? undefined : inspectDocument(event)
    const first = !heard
    heard = true
    if (data.trim() === usualEnd) {
      ended ||= records.endData === usualEnd
      return framed ? undefined : { before: closing() + frame(finishOf()) }
    }
    const record = parseJson(data)
    if (record === undefined) unreadable += 1
    if (typeof record !== 'object' || record === null) return undefined
    tap.body(record, 'stream')
    if (records.choicesMayEnd) choiceEnds.hear(record)
    if ('type' in record && records.endTypes.includes(record.type as string)) ended = true
    if (upstream.errors.tellsFailure(record) || ('type' in record && records.failureTypes.includes(record.type as string))) {
      // A document about an object that failed is an answer and passes: as an error it would make clients create the object again.
      if (first && !begun && upstream.errors.isError(record)) {
        stop(refuseForGateway(exchange, head, record))
        return { stop: true }
      }
      failed = true
    } else if (records.needsChoices && !('choices' in record)) return { instead: addChoices(event) }
    else if (records.needsType && !('type' in record)) return { instead: asComment(event) }
    const mended = mender?.mend(record)
    return mended === undefined ? undefined : { instead: `data: ${mended}\n\n` }
  }

  const pump = createEventPump({
    inspect,
    lookAhead,
    write,
    overflow: () => stop(invalid('The gateway sent an event larger than is waited for.')),
  })

  const finish = (): void => {
    const ending = pump.finish()
    if (ending === 'stopped') return
    const expectsEnd = records.endData !== undefined || records.endTypes.length > 0
    const isUnmarked = expectsEnd && !ended && !failed
    if (isUnmarked && choiceEnds.all) tap.endsWithoutMark()
    else if (isUnmarked) {
      if (begun) cut('The stream ended without its end mark.')
      else stop(invalid('The gateway ended its stream before the first event.'))
      return
    }
    const said = finishOf()
    const record = exchange.governance(said)
    if (!framed) write((ending === 'open' ? '\n\n' : '') + frame(said))
    sink.end()
    exchange.settle({ finish: said, status: head.status, record })
  }

  return {
    chunk: (chunk) => pump.push(chunk),
    hasAll: () => ended,
    end: finish,
    broken(error) {
      // Behind the end mark the stream is complete, however the connection ended. But corrupt compressed data proves nothing.
      if (ended && !(error instanceof BrokenPacking)) finish()
      else if (begun) cut(error)
      else exchange.refuse(classifyFailure(error))
    },
  }
}

function invalid(message: string): Refusal {
  return new Refusal('gateway_answer_invalid', { message })
}

/** How many events are parsed to find the model: the first ones name it, or none does. */
const recordsThatNameTheModel = 4

/** A line that looks like a governance frame. */
const forgedFrame = /(?<=^|[\r\n])\uFEFF?: postern [^\r\n]*(?:\r\n|[\r\n])?/g

/** The same in Latin-1 text, for events that are too large to be rewritten in one turn. */
const forgedLine = /(?:^|[\r\n])(?:\xef\xbb\xbf)?: postern /

/** The event without lines that look like governance frames; `undefined` if it has no such line. */
function withoutForgedFrames(event: string): string | undefined {
  const honest = event.replace(forgedFrame, '')
  return honest === event ? undefined : honest
}
