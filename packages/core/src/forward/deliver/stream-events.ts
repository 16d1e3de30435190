import { isAscii } from 'node:buffer'
import { cutAtBudget, Refusal } from '@postern/ports'
import { type Finish, governanceComment } from '@postern/protocol'
import { tooMuchHeld } from '../../lib/hold.js'
import { tellRecord } from '../../answers/record-for-client.js'
import { refusalEnvelope } from '../../answers/refusal-answer.js'
import { Allowance } from './allowance.js'
import { createEventPump, type Edit } from './event-pump.js'
import type { Delivery, Exchange } from '../exchange.js'
import type { ClientAnswer } from './client-answer.js'
import type { LeakGuard } from '../leak/leak-guard.js'
import { isToldAtLast } from './is-told-at-last.js'
import { leakedKey } from './leaked-key.js'
import { holdsForgedLine, mayHoldComment, withoutForgedFrames } from './forged-line.js'
import { FinishedChoices } from './finished-choices.js'
import { createChunkCompleter } from './complete-chunk.js'
import { mayParse } from './parse-bound.js'
import { parseJson } from './parse-json.js'
import { defaultEnd } from '../event-pattern.js'
import { addChoices, asComment, errorEvent, readEventData } from './read-event.js'
import { refuseForGateway } from './refuse-for-gateway.js'
import { isUsageAlone, withoutEmptyUsage } from './usage-of-stream.js'
import { BrokenPacking } from './unpack.js'

/** After this many events whose data is not JSON, Postern parses no more of the stream: each failed parse throws, which is slow. */
const maxUnreadable = 1000

/**
 * Sends each event of a stream on in the tick in which it is complete, and reads it for the record.
 *
 * This is the only module that edits a stream, and only whole events: it adds `choices: []` to a chunk without choices,
 * because the `openai` client would throw; turns an event without a type into a comment if the format requires a type;
 * completes the chunks of a gateway that leaves members out; takes token counts out for which Postern asked and the client did not;
 * and puts the governance frame before the end.
 *
 * If the gateway's stream breaks off, the client's connection is cut, so that the stream does not look complete; if the session was
 * revoked, or the stream goes on behind what was set aside for it, an error event says so first. The head waits a moment for the first event: if the stream breaks off before it, or the first
 * event is an error, the client gets an error with a status. After the first event, an error is told in the stream.
 */
export function streamEvents(exchange: Exchange, answer: ClientAnswer): Delivery {
  const { tap, records, upstream, key, permit } = exchange.facts
  exchange.beginStream()
  const hidesUsage = permit.hidesUsage === true
  const mender = records.needsMending ? createChunkCompleter() : undefined
  /** Whether an event with data came. */
  let heard = false
  let failed = false
  let ended = false
  /** The `finish` in the frame that was sent. Events behind that frame do not change how the call ended for the client. */
  let told: Finish | undefined
  const finishedChoices = new FinishedChoices()
  let searchedForModel = 0
  let unreadable = 0
  const allowance = allowanceOf(exchange.facts)
  let isUsedUp = false

  const finishOf = (): Finish => told ?? (failed ? 'upstream_error' : 'complete')

  const expectsEnd = records.endData !== undefined || records.endTypes.length > 0
  const isUnmarked = (): boolean => expectsEnd && !ended && !failed

  const frame = (finish: Finish): string => {
    told = finish
    return `${governanceComment}${tellRecord(exchange.governance(finish), tap.audience)}\n\n`
  }

  // Otherwise proxies in front of Postern would buffer the events.
  const begin = (): void => answer.begin('X-Accel-Buffering', 'no')
  answer.beginInTime(begin)
  // The client must see that its answer is cut, also behind a frame that said something else.
  answer.saysAtLast((cause) => {
    const error = isToldAtLast(cause) ? errorEvent(refusalEnvelope(cause), records.endTypes.length > 0) : ''
    return error + frame('truncated')
  })

  const write = (bytes: Buffer | string): boolean => {
    begin()
    return answer.write(bytes)
  }

  const closing = (): string => {
    const last = failed ? undefined : mender?.closing()
    return last === undefined ? '' : `data: ${last}\n\n`
  }

  const refuseLeak = (leaked: string | undefined): boolean => {
    if (leaked !== undefined) answer.stop(leakedKey(exchange, leaked))
    return leaked !== undefined
  }

  let ahead: LeakGuard | undefined
  const lookAhead = (piece: Buffer, isFirst: boolean): boolean => {
    if (isFirst) ahead = undefined
    ahead ??= key.leaks.guard()
    ahead.pass(piece)
    return !refuseLeak(ahead.found)
  }

  /** Some servers give a JSON document the type of a stream: then the body counts, not the type. */
  const inspectDocument = (text: string): Edit | undefined => {
    const document = parseJson(text)
    if (typeof document !== 'object' || document === null) return undefined
    tap.body(document, 'answer')
    if (records.choicesMayEnd) finishedChoices.add(document)
    if (!upstream.errors.isError(document)) return undefined
    answer.stop(refuseForGateway(exchange, answer.head, document))
    return { stop: true }
  }

  const inspect = (bytes: Buffer, start: number, end: number, lookedAhead: boolean): Edit | undefined => {
    if (!lookedAhead && refuseLeak(key.leaks.find(bytes, start, end))) return { stop: true }
    // Only Postern writes frames of this form; one from the gateway is removed, and the rest of its event is read like any other.
    if (lookedAhead && holdsForgedLine(bytes, start, end)) {
      answer.stop(invalid('The gateway sent a large event with a line in the name of Postern.'))
      return { stop: true }
    }
    if (end - start > maxReadBytes) {
      readMarks(endsOf(bytes, start, end))
      return undefined
    }
    const text = bytes.toString('latin1', start, end)
    if (allowance?.isPassedBy(text, () => mayParse(bytes, start, end)) === true) {
      isUsedUp = true
      return { stop: true }
    }
    if (!lookedAhead && mayHoldComment(text)) {
      const clean = withoutForgedFrames(bytes.toString('utf8', start, end))
      if (clean !== undefined) {
        const left = Buffer.from(clean)
        return { instead: clean, ...read(left, 0, left.length, left.toString('latin1')) }
      }
    }
    const left = hidesUsage ? withoutEmptyUsage(text) : undefined
    if (left === undefined) return read(bytes, start, end, text)
    const event = Buffer.from(left, 'latin1')
    return { instead: event, ...read(event, 0, event.length, left) }
  }

  /** Reads of an event that is not parsed only whether it ends the stream. */
  const readMarks = (text: string): void => {
    heard ||= text.includes('data:')
    ended ||= records.saysEnd(text)
    failed ||= records.saysFailure(text)
  }

  /**
   * Reads an event for the record, and decides how it is edited.
   *
   * @param text The event as Latin-1.
   */
  const read = (bytes: Buffer, start: number, end: number, text: string): Edit | undefined => {
    if (!records.mayMatter(text) && (tap.knowsModel() || searchedForModel === recordsThatNameTheModel)) {
      heard ||= text.includes('data:')
      return undefined
    }
    if (unreadable === maxUnreadable || !mayParse(bytes, start, end)) {
      readMarks(text)
      return undefined
    }
    searchedForModel = Math.min(recordsThatNameTheModel, searchedForModel + 1)
    const event = isAscii(bytes.subarray(start, end)) ? text : bytes.toString('utf8', start, end)
    const data = readEventData(event)
    if (data === undefined) return heard || answer.state === 'begun' ? undefined : inspectDocument(event)
    const first = !heard
    heard = true
    if (data.trim() === defaultEnd) {
      ended ||= records.endData === defaultEnd
      // In a format with another end mark, this one alone does not say that the answer is complete.
      return told !== undefined || isUnmarked() ? undefined : { before: closing() + frame(finishOf()) }
    }
    const record = parseJson(data)
    if (record === undefined) unreadable += 1
    if (typeof record !== 'object' || record === null) return undefined
    tap.body(record, 'stream')
    allowance?.reported(tap.outputTokens)
    if (records.choicesMayEnd) finishedChoices.add(record)
    if ('type' in record && records.endTypes.includes(record.type as string)) ended = true
    if (upstream.errors.tellsFailure(record) || ('type' in record && records.failureTypes.includes(record.type as string))) {
      // An event about an object that failed (it has an `id`) is an answer and passes: clients must not create the object again.
      if (first && answer.state === 'waiting' && upstream.errors.isError(record)) {
        answer.stop(refuseForGateway(exchange, answer.head, record))
        return { stop: true }
      }
      failed = true
    } else if (hidesUsage && isUsageAlone(record)) return { instead: '' }
    else if (records.needsChoices && !('choices' in record)) return { instead: addChoices(event) }
    else if (records.needsType && !('type' in record)) return { instead: asComment(event) }
    const mended = mender?.complete(record)
    return mended === undefined ? undefined : { instead: `data: ${mended}\n\n` }
  }

  const mayWrite = ({ before, instead }: Edit): boolean => [before, instead].every((text) => text === undefined || answer.maySend(text))

  const pump = createEventPump({
    inspect(bytes, start, end, lookedAhead) {
      const edit = inspect(bytes, start, end, lookedAhead)
      return edit === undefined || edit.stop === true || mayWrite(edit) ? edit : { stop: true }
    },
    lookAhead,
    write,
    overflow: () => answer.stop(invalid('The gateway sent an event larger than is waited for.')),
  })

  const finish = (): void => {
    const ending = pump.finish()
    if (ending === 'stopped') return
    if (isUnmarked() && finishedChoices.allFinished) tap.endsWithoutMark()
    else if (isUnmarked()) {
      if (answer.state === 'begun') answer.cut('The stream ended without its end mark.')
      else answer.stop(invalid('The gateway ended its stream before the first event.'))
      return
    }
    const finish = finishOf()
    if (told === undefined) {
      const last = (ending === 'open' ? '\n\n' : '') + frame(finish)
      if (!answer.maySend(last)) return
      write(last)
    }
    answer.end(finish)
  }

  return {
    chunk(chunk) {
      const isOpen = pump.push(chunk)
      if (isUsedUp) exchange.cut(cutAtBudget)
      if (!answer.mayHold(pump.held)) answer.stop(tooMuchHeld())
      return isOpen
    },
    hasAll: () => ended,
    end: finish,
    broken(error) {
      // The gateway went on behind the end of its answer: the client has all of that.
      if (isUsedUp && told !== undefined) answer.end(told)
      // After the end mark the stream is complete, however its connection ended; but not if unpacking failed.
      else if ((ended || told !== undefined) && !(error instanceof BrokenPacking)) finish()
      else answer.breakOff(error)
    },
  }
}

/** `undefined`: no limit of money or tokens applies, or the answer has no length. */
function allowanceOf({ reservation, records, route }: Exchange['facts']): Allowance | undefined {
  const setAside = reservation?.tokensSetAside
  if (setAside === undefined) return undefined
  // Each text completion may begin with its prompt (OpenAI API, `echo`), and so may each answer in a chat (vLLM).
  const isText = route.endpointPath.endsWith('completions') && !route.endpointPath.endsWith('chat/completions')
  const echoedChars = isText || setAside.echoes ? setAside.input * setAside.answers : 0
  return new Allowance({ tokens: setAside.output, isTyped: records.endTypes.length > 0, echoedChars })
}

function invalid(message: string): Refusal {
  return new Refusal('gateway_answer_invalid', { message })
}

/** How many events are searched for the model: it stands in the first ones or in none. */
const recordsThatNameTheModel = 4

/** A larger event is not read: to decode and parse it would hold up all other calls. In bytes. */
const maxReadBytes = 4 * 1024 * 1024

/** Of such an event, so many bytes at its beginning and at its end are searched for the type of an end mark. */
const maxMarkBytes = 64 * 1024

function endsOf(bytes: Buffer, start: number, end: number): string {
  return `${bytes.toString('latin1', start, start + maxMarkBytes)}\n${bytes.toString('latin1', end - maxMarkBytes, end)}`
}
