import { isAscii } from 'node:buffer'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { Refusal } from '../refusal.js'
import type { ResponseSink } from '../arrival.js'
import { type AnswerHead, unpackedHead } from './answer-head.js'
import { mendLinks } from './answer-links.js'
import { classifyFailure } from './classify-failure.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import { leakedKey } from './leaked-key.js'
import { mayParse } from './parse-bound.js'
import { parseJson } from './parse-json.js'
import { passBytes } from './pass-bytes.js'
import { refuseForGateway } from './refuse-for-gateway.js'

/** The largest JSON answer that waits for its governance header, in bytes. */
export const maxHeldBytes = 1024 * 1024

/** The largest JSON answer that is edited, in bytes. */
const maxEditedBytes = 16 * 1024 * 1024

/**
 * Holds a JSON answer until it is whole, because its governance header comes before it, and then sends it
 * as it came. One that grows beyond the bound is sent on with what is known by then.
 *
 * A class for the reason that ADR 0003 gives.
 */
export class HeldAnswer implements Delivery {
  readonly #exchange: Exchange
  readonly #head: AnswerHead
  readonly #held = new GrowingBuffer()
  #overflow: Delivery | undefined

  constructor(exchange: Exchange, head: AnswerHead) {
    this.#exchange = exchange
    this.#head = head
  }

  chunk(chunk: Buffer): boolean {
    if (this.#overflow !== undefined) return this.#overflow.chunk(chunk)
    this.#held.append(chunk)
    if (this.#held.length <= maxHeldBytes) return true
    if (this.#exchange.facts.edit !== undefined) return this.#holdFurther()
    this.#overflow = passBytes(this.#exchange, this.#head)
    return this.#overflow.chunk(this.#held.take())
  }

  end(): void {
    if (this.#overflow !== undefined) this.#overflow.end()
    else this.#sendWhole(this.#held.take())
  }

  broken(error: unknown): void {
    if (this.#overflow !== undefined) this.#overflow.broken(error)
    else this.#exchange.refuse(classifyFailure(error))
  }

  /** What must be edited is never passed on as it came. */
  #holdFurther(): boolean {
    if (this.#held.length <= maxEditedBytes) return true
    const refusal = invalid('The gateway answered with more than is waited for.')
    this.#exchange.refuse(refusal)
    this.#exchange.abort(refusal)
    return true
  }

  #sendWhole(body: Buffer): void {
    const exchange = this.#exchange
    const { facts } = exchange
    const leaked = facts.key.leaks.find(body)
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
      exchange.refuse(invalid('The gateway answered with JSON that cannot be read.'))
      return
    }
    const failed = facts.upstream.errors.isError(document)
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
    const edited = facts.edit.edit(text, document)
    if (edited === undefined) exchange.refuse(invalid('The gateway answered with something that this endpoint does not.'))
    else this.#sendText(mendLinks(edited, facts, facts.originOf))
  }

  #sendText(text: string): void {
    // What is said of the bytes that came, such as a digest, is not said of others.
    this.#send(text, 'utf8', Buffer.byteLength(text), unpackedHead(this.#head))
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
    if (sink.socket === null) sink.once('socket', () => letGoOfReader(sink, route.gateway.timeouts.idleMs))
    else if (sink.writableLength > 0) letGoOfReader(sink, route.gateway.timeouts.idleMs)
    exchange.settle({ finish: 'complete', status: this.#head.status, record })
  }
}

/** A client that has not read a held answer, a mebibyte at most but for edited ones, in the time that a gateway may be silent hardly reads at all: it is let go. */
function letGoOfReader(sink: ResponseSink, idleMs: number): void {
  const timer = setTimeout(() => sink.destroy(), idleMs)
  sink.once('close', () => clearTimeout(timer))
}

function invalid(message: string): Refusal {
  return new Refusal('gateway_answer_invalid', { message })
}
