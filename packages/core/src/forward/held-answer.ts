import { isAscii } from 'node:buffer'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { Refusal } from '../refusal.js'
import type { ResponseSink } from '../arrival.js'
import { type AnswerHead, unpackedHead } from './answer-head.js'
import { mendLinks } from './answer-links.js'
import { classifyFailure } from './classify-failure.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import { type AnswerKind, kindOf } from './kind-of-answer.js'
import type { LeakGuard } from './leak/leak-guard.js'
import { leakedKey } from './leaked-key.js'
import { mayParse } from './parse-bound.js'
import { parseJson } from './parse-json.js'
import { passBytes } from './pass-bytes.js'
import { refuseForGateway } from './refuse-for-gateway.js'
import { streamEvents } from './stream-events.js'

/** Maximum size of a JSON answer that is held, in bytes. */
export const maxHeldBytes = 1024 * 1024

/** The largest JSON answer that is edited, in bytes: it is read, edited and read again in one turn. */
const maxEditedBytes = 4 * 1024 * 1024

/**
 * Holds a JSON answer until it is complete, because its governance header comes first; then sends it unchanged. If the
 * answer exceeds `maxHeldBytes`, or its end takes longer than `holdMs`, the head is sent with the facts known so far, and
 * the rest as it arrives.
 *
 * A class and not closures: see ADR 0003.
 */
export class HeldAnswer implements Delivery {
  readonly #exchange: Exchange
  readonly #head: AnswerHead
  readonly #held = new GrowingBuffer()
  #overflow: Delivery | undefined
  /** When holding ends, on the clock of `performance.now()`. */
  #until: number
  /** Whether only blanks have arrived so far. */
  #isBlank = true
  #clock: NodeJS.Timeout | undefined
  /** Has looked through all that is held, where that is much. */
  #guard: LeakGuard | undefined
  /** What is passed on as it comes is read at its end. */
  #isRead = false
  #failed = false
  /** Known once the first byte arrives that is not a blank. */
  #kind: AnswerKind | undefined

  constructor(exchange: Exchange, head: AnswerHead) {
    this.#exchange = exchange
    this.#head = head
    this.#until = performance.now() + exchange.facts.route.gateway.timeouts.holdMs
  }

  chunk(chunk: Buffer): boolean {
    if (this.#overflow !== undefined) {
      if (this.#isRead) this.#keep(chunk)
      return this.#overflow.chunk(chunk)
    }
    const isFirst = this.#held.length === 0
    this.#held.append(chunk)
    this.#kind ??= kindOf(this.#held.view())
    if (this.#kind === 'events' && this.#exchange.facts.edit === undefined) return this.#handOver(streamEvents(this.#exchange, this.#head))
    if (this.#isHeldTooLong(chunk, isFirst)) return this.#passOn()
    if (this.#held.length <= maxHeldBytes) return true
    if (this.#exchange.facts.edit !== undefined) return this.#holdFurther(chunk)
    return this.#handOver(passBytes(this.#exchange, this.#head))
  }

  hasAll(): boolean {
    return this.#overflow?.hasAll?.() === true
  }

  end(): void {
    clearTimeout(this.#clock)
    if (this.#isRead) this.#readPassed()
    if (this.#overflow !== undefined) this.#overflow.end()
    else this.#sendWhole(this.#held.take())
  }

  broken(error: unknown): void {
    clearTimeout(this.#clock)
    if (this.#overflow !== undefined) this.#overflow.broken(error)
    else this.#exchange.refuse(classifyFailure(error))
  }

  #handOver(delivery: Delivery): boolean {
    clearTimeout(this.#clock)
    this.#overflow = delivery
    return delivery.chunk(this.#held.take())
  }

  /** @param isFirst Whether this is the first piece: a document that begins after the time is held for another `holdMs`. */
  #isHeldTooLong(chunk: Buffer, isFirst: boolean): boolean {
    const { edit, route } = this.#exchange.facts
    // An answer that must be edited is never passed on unchanged.
    if (edit !== undefined) return false
    const now = performance.now()
    this.#isBlank &&= isBlank(chunk)
    if (this.#isBlank) this.#clock ??= setTimeout(() => this.#passBlanks(), Math.max(0, this.#until - now)).unref()
    if (now <= this.#until) return false
    if (this.#isBlank || !isFirst) return true
    this.#until = now + route.gateway.timeouts.holdMs
    return false
  }

  /** Passes blanks on, from a timer, where an exception would end the process. */
  #passBlanks(): void {
    const exchange = this.#exchange
    if (!this.#isBlank || exchange.settled || this.#overflow !== undefined) return
    try {
      this.#passOn()
    } catch (error) {
      exchange.refuse(error)
      exchange.abort(error as Error)
    }
  }

  /** Sends the held bytes, and the rest as it arrives. The answer is still kept, to be read for the record. */
  #passOn(): boolean {
    clearTimeout(this.#clock)
    this.#isRead = true
    this.#overflow = passBytes(this.#exchange, this.#head, () => (this.#failed ? 'upstream_error' : 'complete'))
    return this.#overflow.chunk(this.#held.view())
  }

  #keep(chunk: Buffer): void {
    this.#held.append(chunk)
    if (this.#held.length <= maxHeldBytes) return
    this.#isRead = false
    this.#held.take()
  }

  #readPassed(): void {
    const body = this.#held.take()
    const document = mayParse(body) ? parseJson(body.toString('utf8')) : undefined
    if (document === undefined) return
    this.#failed = this.#exchange.facts.upstream.errors.isError(document)
    if (!this.#failed) this.#exchange.facts.tap.body(document, 'answer')
  }

  /** What must be edited is never passed on as it came. A large one is searched for keys as it comes, and not in its last turn. */
  #holdFurther(chunk: Buffer): boolean {
    let refusal: Refusal | undefined
    if (this.#held.length > maxEditedBytes) refusal = invalid('The gateway answered with more than is waited for.')
    else {
      const isFirst = this.#guard === undefined
      const guard = (this.#guard ??= this.#exchange.facts.key.leaks.guard())
      if (guard.pass(isFirst ? this.#held.view() : chunk) === undefined) refusal = leakedKey(this.#exchange, guard.found as string)
    }
    if (refusal === undefined) return true
    this.#exchange.refuse(refusal)
    this.#exchange.abort(refusal)
    return true
  }

  #sendWhole(body: Buffer): void {
    const exchange = this.#exchange
    const { facts } = exchange
    const leaked = this.#guard === undefined ? facts.key.leaks.find(body) : undefined
    if (leaked !== undefined) {
      exchange.refuse(leakedKey(exchange, leaked))
      return
    }
    if (!mayParse(body)) {
      this.#passUnread(body)
      return
    }
    const latin1 = body.toString('latin1')
    const text = isAscii(body) ? latin1 : body.toString('utf8')
    const document = parseJson(text)
    if (document === undefined) {
      if (this.#mayBeAnything(text)) this.#send(latin1, 'latin1', body.length)
      else exchange.refuse(invalid('The gateway answered with JSON that cannot be read.'))
      return
    }
    const failed = facts.upstream.errors.isError(document, facts.route.endpoint)
    if (facts.edit === undefined ? failed : facts.edit.isError(document, failed)) {
      exchange.refuse(refuseForGateway(exchange, this.#head, document))
      return
    }
    facts.tap.body(document, 'answer')
    if (facts.edit === undefined) {
      const mended = mendLinks(text, facts, facts.originOf)
      if (mended !== text) {
        this.#sendText(mended)
        return
      }
      // A Latin-1 text keeps every byte, and Node sends it in one write with the head; a Buffer takes two writes.
      this.#send(latin1, 'latin1', body.length)
      return
    }
    const edited = facts.edit.edit(text.replace(byteOrderMark, ''), document)
    if (edited === undefined) exchange.refuse(invalid('The gateway answered with something that this endpoint does not.'))
    else this.#sendText(mendLinks(edited, facts, facts.originOf))
  }

  #sendText(text: string): void {
    // The bytes are changed, so headers about the original bytes, such as a digest, are dropped.
    this.#send(text, 'utf8', Buffer.byteLength(text), unpackedHead(this.#head))
  }

  /**
   * Whether an answer with a JSON type that is not JSON may pass unchanged. At an endpoint of format `plain` it may be empty,
   * or the content of a file. A text that begins with `<` passes only at an endpoint about stored objects: elsewhere it is
   * an error page.
   */
  #mayBeAnything(text: string): boolean {
    const { edit, route } = this.#exchange.facts
    const { format, object } = route.endpoint
    return edit === undefined && format.id === 'plain' && (object !== undefined || !/^\s*</.test(text))
  }

  /** Passes an answer on unread if it has too many values to be parsed in one turn of the event loop. */
  #passUnread(body: Buffer): void {
    if (this.#exchange.facts.edit !== undefined) {
      this.#exchange.refuse(invalid('The gateway answered with more than is waited for.'))
      return
    }
    this.#overflow = passBytes(this.#exchange, this.#head)
    this.#overflow.chunk(body)
    this.#overflow.end()
  }

  #send(text: string, encoding: BufferEncoding, length: number, head: AnswerHead = this.#head): void {
    const exchange = this.#exchange
    const record = exchange.governance('complete')
    writeAnswerHead(exchange, head, record, 'Content-Length', String(length))
    const { sink, route } = exchange.facts
    sink.end(text, encoding)
    // If an earlier answer on the connection is still being sent, this one begins when it gets the socket.
    if (sink.socket === null) sink.once('socket', () => letGoOfReader(sink, route.gateway.timeouts.unreadMs))
    else if (sink.writableLength > 0) letGoOfReader(sink, route.gateway.timeouts.unreadMs)
    exchange.settle({ finish: 'complete', status: this.#head.status, record })
  }
}

/** If the client has not read the whole answer (1 MiB at most, 16 MiB if edited) after `unreadMs`, closes the connection. */
function letGoOfReader(sink: ResponseSink, unreadMs: number): void {
  const timer = setTimeout(() => sink.destroy(), unreadMs)
  sink.once('close', () => clearTimeout(timer))
}

/** Whether the bytes are JSON's blanks, which some servers send to keep a connection alive. */
function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return false
  return true
}

const byteOrderMark = /^\uFEFF/

function invalid(message: string): Refusal {
  return new Refusal('gateway_answer_invalid', { message })
}
