import { isAscii } from 'node:buffer'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { Refusal } from '../refusal.js'
import type { ResponseSink } from '../arrival.js'
import { type AnswerHead, unpackedHead, withoutLength } from './answer-head.js'
import { mendLinks } from './answer-links.js'
import { classifyFailure } from './classify-failure.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import { FirstBytes } from './kind-of-answer.js'
import type { LeakGuard } from './leak/leak-guard.js'
import { leakedKey } from './leaked-key.js'
import { mayParse } from './parse-bound.js'
import { parseJson } from './parse-json.js'
import { passBytes } from './pass-bytes.js'
import { refuseForGateway } from './refuse-for-gateway.js'
import { streamEvents } from './stream-events.js'

/** The largest JSON answer that waits for its governance header, in bytes. */
export const maxHeldBytes = 1024 * 1024

/** The largest JSON answer that is edited, in bytes: it is read, edited and read again in one turn. */
const maxEditedBytes = 4 * 1024 * 1024

/**
 * Holds a JSON answer until it is whole, because its governance header comes before it, and then sends it
 * as it came. One that grows beyond the bound, or that its gateway keeps alive for too long, is sent on with what is known
 * by then.
 *
 * A class for the reason that ADR 0003 gives.
 */
export class HeldAnswer implements Delivery {
  readonly #exchange: Exchange
  readonly #head: AnswerHead
  readonly #held = new GrowingBuffer()
  #overflow: Delivery | undefined
  /** Until when it is held. */
  #until: number
  #clock: NodeJS.Timeout | undefined
  /** Has looked through all that is held, where that is much. */
  #guard: LeakGuard | undefined
  /** What is passed on as it comes is read at its end. */
  #isRead = false
  #failed = false
  readonly #first = new FirstBytes()
  readonly #isCalledJson: boolean

  /** @param isCalledJson Whether it has to be JSON, or events; else it is held if it turns out to be. */
  constructor(exchange: Exchange, head: AnswerHead, isCalledJson = true) {
    this.#exchange = exchange
    this.#head = head
    this.#isCalledJson = isCalledJson
    this.#until = performance.now() + exchange.facts.route.gateway.timeouts.holdMs
  }

  chunk(chunk: Buffer): boolean {
    if (this.#overflow !== undefined) {
      if (this.#isRead) this.#keep(chunk)
      return this.#overflow.chunk(chunk)
    }
    const isFirst = this.#held.length === 0
    this.#held.append(chunk)
    const kind = this.#first.hear(chunk)
    if (kind === 'events' && this.#exchange.facts.edit === undefined) return this.#handOver(streamEvents(this.#exchange, this.#head))
    if (kind === 'other' && !this.#isCalledJson) return this.#handOver(passBytes(this.#exchange, this.#head))
    if (this.#isHeldTooLong(isFirst)) return this.#passOn()
    if (this.#held.length <= maxHeldBytes) return true
    if (this.#exchange.facts.edit !== undefined) return this.#holdFurther(chunk)
    return this.#first.isBlank ? this.#passOn() : this.#handOver(passBytes(this.#exchange, this.#head))
  }

  hasAll(): boolean {
    return this.#overflow?.hasAll?.() === true
  }

  end(): void {
    clearTimeout(this.#clock)
    if (this.#hasBegun) this.#passAndRead()
    if (this.#exchange.settled) return
    if (this.#isRead && !this.#readPassed()) this.#overflow?.broken(unreadable())
    else if (this.#overflow !== undefined) this.#overflow.end()
    else this.#sendWhole(this.#held.take())
  }

  broken(error: unknown): void {
    clearTimeout(this.#clock)
    if (this.#hasBegun) this.#passAndRead()
    if (this.#overflow !== undefined) this.#overflow.broken(error)
    else this.#exchange.refuse(classifyFailure(error))
  }

  #handOver(delivery: Delivery): boolean {
    clearTimeout(this.#clock)
    this.#overflow = delivery
    return delivery.chunk(this.#held.take())
  }

  /** @param isFirst Whether this is the first piece: a document that begins late is held for as long as any. */
  #isHeldTooLong(isFirst: boolean): boolean {
    const { edit, route } = this.#exchange.facts
    // What must be edited is never passed on as it came.
    if (edit !== undefined) return false
    if (this.#hasBegun) return true
    const now = performance.now()
    const { isBlank } = this.#first
    if (isBlank) this.#clock ??= setTimeout(() => this.#passBlanks(), Math.max(0, this.#until - now)).unref()
    if (now <= this.#until) return false
    if (isBlank || !isFirst) return true
    this.#until = now + route.gateway.timeouts.holdMs
    return false
  }

  /** Nobody would catch here what is thrown. */
  #passBlanks(): void {
    const exchange = this.#exchange
    if (!this.#first.isBlank || exchange.settled || this.#overflow !== undefined) return
    try {
      this.#passOn()
    } catch (error) {
      exchange.refuse(error)
      exchange.abort(error as Error)
    }
  }

  /** Whether the client has its head, and blanks, and what the answer is has yet to be seen. */
  get #hasBegun(): boolean {
    return this.#overflow === undefined && this.#exchange.facts.sink.headersSent
  }

  /** Blanks may stand before events as well as before JSON: how the rest is read is said once it can be told. */
  #passOn(): boolean {
    clearTimeout(this.#clock)
    if (this.#first.kind !== undefined) return this.#passAndRead()
    return this.#first.isBlank ? this.#sendBlanks() : true
  }

  /** Nothing in them can hold a key or a frame. */
  #sendBlanks(): boolean {
    const exchange = this.#exchange
    if (!this.#hasBegun) writeAnswerHead(exchange, this.#head, exchange.governance(undefined))
    return exchange.facts.sink.write(this.#held.take())
  }

  /**
   * The client gets what is there, and the rest as it comes; for the record it is read all the same. It has no length, so
   * that one that turns out to be none can be cut.
   */
  #passAndRead(): boolean {
    this.#isRead = true
    this.#overflow = passBytes(this.#exchange, withoutLength(this.#head), () => (this.#failed ? 'upstream_error' : 'complete'))
    return this.#overflow.chunk(this.#held.view())
  }

  #keep(chunk: Buffer): void {
    this.#held.append(chunk)
    if (this.#held.length <= maxHeldBytes) return
    this.#isRead = false
    this.#held.take()
  }

  /** @returns Whether it is what it should be, or nobody looked. */
  #readPassed(): boolean {
    const { route, tap, upstream } = this.#exchange.facts
    const body = this.#held.take()
    if (!mayParse(body)) return true
    const text = body.toString('utf8')
    const document = parseJson(text)
    if (document === undefined) return this.#mayBeAnything(text)
    this.#failed = upstream.errors.isError(document, route.endpoint)
    if (!this.#failed) tap.body(document, 'answer')
    return true
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
      // It may have lines of any kind, frames in our name included.
      if (this.#mayBeAnything(text)) this.#passUnread(body)
      else exchange.refuse(unreadable())
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
      // As one Latin-1 text, byte for byte the same, head and body leave in one write; a buffer would take two.
      this.#send(latin1, 'latin1', body.length)
      return
    }
    const edited = facts.edit.edit(text.replace(byteOrderMark, ''), document)
    if (edited === undefined) exchange.refuse(invalid('The gateway answered with something that this endpoint does not.'))
    else this.#sendText(mendLinks(edited, facts, facts.originOf))
  }

  #sendText(text: string): void {
    // What is said of the bytes that came, such as a digest, is not said of others.
    this.#send(text, 'utf8', Buffer.byteLength(text), unpackedHead(this.#head))
  }

  /**
   * Whether an answer that is called JSON and is none passes as it came: where nothing is expected of the endpoint, it may be
   * empty, or the content of a file. A page in place of what no file holds is none. So does one that is not called so, nor
   * begins so.
   */
  #mayBeAnything(text: string): boolean {
    if (!this.#isCalledJson) return this.#first.kind !== 'json'
    const { edit, route } = this.#exchange.facts
    const { format, object } = route.endpoint
    return edit === undefined && format.id === 'plain' && (object !== undefined || !/^\s*</.test(text))
  }

  /** One with more values than are parsed in one turn goes as one beyond the bound does. */
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
    // An answer that waits for an earlier one on its connection begins to be sent when it gets the connection.
    if (sink.socket === null) sink.once('socket', () => letGoOfReader(sink, route.gateway.timeouts.unreadMs))
    else if (sink.writableLength > 0) letGoOfReader(sink, route.gateway.timeouts.unreadMs)
    exchange.settle({ finish: 'complete', status: this.#head.status, record })
  }
}

/** A client that has not read a held answer, a mebibyte at most but for edited ones, in its time hardly reads at all: it is let go. */
function letGoOfReader(sink: ResponseSink, unreadMs: number): void {
  const timer = setTimeout(() => sink.destroy(), unreadMs)
  sink.once('close', () => clearTimeout(timer))
}

const byteOrderMark = /^\uFEFF/

function invalid(message: string): Refusal {
  return new Refusal('gateway_answer_invalid', { message })
}

function unreadable(): Refusal {
  return invalid('The gateway answered with JSON that cannot be read.')
}
