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
import { createChunkCompleter } from './complete-chunk.js'
import { mayParse } from './parse-bound.js'
import { parseJson } from './parse-json.js'
import { defaultEnd } from './event-pattern.js'
import { addChoices, asComment, readEventData } from './read-event.js'
import { refuseForGateway } from './refuse-for-gateway.js'
import { BrokenPacking } from './unpack.js'

/** After so many events whose data is no JSON, none of the stream is parsed any more: each costs as much as an error does. */
const maxUnreadable = 1000

/**
 * Sends a stream of events on, each in the tick in which it is whole, and listens to it.
 *
 * The one module that edits a stream, and only at the edges of events: it adds `choices: []` to a record
 * that has none where the `openai` client would throw without, turns a record of no type into a comment where
 * each must have one, makes whole the chunks of a gateway whose chunks are bare, and puts the governance
 * comment frame before the end.
 *
 * A stream that breaks off is cut, so that it cannot be taken for one that ended. The head waits a moment for the first
 * event, so what breaks off before it, or has an error in its place, is an error with a status; what does so later is told
 * in the stream.
 */
export function streamEvents(exchange: Exchange, head: AnswerHead): Delivery {
  const { sink, tap, records, upstream, key } = exchange.facts
  const mender = records.needsMending ? createChunkCompleter() : undefined
  // Blanks may have kept it alive before.
  let begun = sink.headersSent
  /** Whether an event with data came. */
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
    // Proxies in front of us would otherwise collect events before they pass them on.
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
    // What was written in this turn leaves with the next: a client that got a part must see that it is one.
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

  /** Some servers call a document a stream: what it says counts, whatever it is called. */
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
    // A frame of this form says what Postern knows; one from the gateway would speak in our name.
    if (lookedAhead) {
      if (forgedLine.test(text)) {
        stop(invalid('The gateway sent a large event with a line in the name of Postern.'))
        return { stop: true }
      }
    } else if (mayHoldComment(text)) {
      const clean = withoutForgedFrames(bytes.toString('utf8', start, end))
      if (clean !== undefined) return { instead: clean }
    }
    if (!records.mayMatter(text) && (tap.knowsModel() || searchedForModel === recordsThatNameTheModel)) {
      heard ||= text.includes('data:')
      return undefined
    }
    if (unreadable === maxUnreadable || !mayParse(bytes, start, end)) {
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
    if (data.trim() === defaultEnd) {
      ended ||= records.endData === defaultEnd
      return framed ? undefined : { before: closing() + frame(finishOf()) }
    }
    const record = parseJson(data)
    if (record === undefined) unreadable += 1
    if (typeof record !== 'object' || record === null) return undefined
    tap.body(record, 'stream')
    if (records.choicesMayEnd) choiceEnds.hear(record)
    if ('type' in record && records.endTypes.includes(record.type as string)) ended = true
    if (upstream.errors.tellsFailure(record) || ('type' in record && records.failureTypes.includes(record.type as string))) {
      // What tells of a thing that failed is an answer, and passes: clients must not make the thing again.
      if (first && !begun && upstream.errors.isError(record)) {
        stop(refuseForGateway(exchange, head, record))
        return { stop: true }
      }
      failed = true
    } else if (records.needsChoices && !('choices' in record)) return { instead: addChoices(event) }
    else if (records.needsType && !('type' in record)) return { instead: asComment(event) }
    const mended = mender?.complete(record)
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
      // Behind its end mark nothing of a stream is missing, however its connection ended; packed bytes that do not check out may have said anything.
      if (ended && !(error instanceof BrokenPacking)) finish()
      else if (begun) cut(error)
      else exchange.refuse(classifyFailure(error))
    },
  }
}

function invalid(message: string): Refusal {
  return new Refusal('gateway_answer_invalid', { message })
}

/** The model stands in the first records or in none. */
const recordsThatNameTheModel = 4

/**
 * A line that poses as a governance frame, at the beginning of an event or of a stream: a comment whose first word begins
 * with our name, in any case and behind blanks of any kind or none. A lenient client could take it for a frame.
 */
const forgedFrame = /(?<=^|[\r\n])\uFEFF*:[^\r\na-z0-9]*postern[^\r\n]*(?:\r\n|[\r\n])?/gi

/** The same as it stands in bytes, for events that are too large to be rewritten in one turn. */
const forgedLine = /(?:^|[\r\n])(?:\xef\xbb\xbf)*:[^\r\na-z0-9]*postern/i

/** Whether a line of an event may be a comment: a cheap test, since most events have none. The event is read as Latin-1. */
function mayHoldComment(event: string): boolean {
  return event.startsWith(':') || event.includes('\n:') || event.includes('\r:') || event.includes('\xbf:')
}

/** The event without lines that pose as governance frames, or `undefined` where it has none. */
function withoutForgedFrames(event: string): string | undefined {
  const honest = event.replace(forgedFrame, '')
  return honest === event ? undefined : honest
}
