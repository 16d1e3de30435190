import { isAscii } from 'node:buffer'
import { GrowingBuffer } from '../../lib/growing-buffer.js'
import { Refusal, type ResponseSink } from '@postern/ports'
import { tooMuchHeld } from '../../lib/hold.js'
import { unpackedHead, withoutLength } from '../answer-head.js'
import { mendLinks } from '../answer-links.js'
import type { Delivery, Exchange } from '../exchange.js'
import type { ClientAnswer } from './client-answer.js'
import { isCut } from './is-cut.js'
import { FirstBytes } from './kind-of-answer.js'
import type { LeakGuard } from '../leak/leak-guard.js'
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
 * Holds a JSON answer until it is whole, because the governance header is sent before the body, and then sends the body
 * unchanged. If the answer grows beyond the bound, or the gateway keeps it alive with blanks for too long, it is sent on with
 * the facts that are known by then.
 *
 * It is a class for the reason in ADR 0003.
 */
export class HeldAnswer implements Delivery {
  readonly #exchange: Exchange
  readonly #answer: ClientAnswer
  readonly #held = new GrowingBuffer()
  #overflow: Delivery | undefined
  /** When the answer is sent on even if it is not whole, by `performance.now()`. */
  #until: number
  #clock: NodeJS.Timeout | undefined
  /** The leak search over what is held, used if that is much. */
  #guard: LeakGuard | undefined
  /** Pieces that were passed on already; they are read at the end for the record. */
  #isRead = false
  #failed = false
  readonly #first = new FirstBytes()
  readonly #isCalledJson: boolean

  /** @param isCalledJson Whether the answer must be JSON or events; otherwise it is held only if it turns out to be JSON. */
  constructor(exchange: Exchange, answer: ClientAnswer, isCalledJson = true) {
    this.#exchange = exchange
    this.#answer = answer
    this.#isCalledJson = isCalledJson
    this.#until = exchange.heardAt + exchange.facts.route.gateway.timeouts.holdMs
  }

  chunk(chunk: Buffer): boolean {
    if (this.#overflow !== undefined) {
      if (this.#isRead) this.#keep(chunk)
      return this.#overflow.chunk(chunk)
    }
    const isFirst = this.#held.length === 0
    this.#held.append(chunk)
    if (!this.#answer.mayHold(this.#held.length)) {
      clearTimeout(this.#clock)
      this.#answer.stop(tooMuchHeld())
      return true
    }
    const kind = this.#first.hear(chunk)
    const isOther = kind === 'other' || (kind === 'events' && this.#isPlain)
    if (isOther && !this.#isCalledJson) return this.#handOver(passBytes(this.#exchange, this.#answer))
    if (kind === 'events' && this.#exchange.facts.edit === undefined) return this.#handOver(streamEvents(this.#exchange, this.#answer))
    if (this.#isHeldTooLong(isFirst)) return this.#passOn()
    if (this.#held.length <= maxHeldBytes) return true
    if (this.#exchange.facts.edit !== undefined) return this.#holdFurther(chunk)
    return this.#first.isBlank ? this.#passOn() : this.#handOver(passBytes(this.#exchange, this.#answer))
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
    if (this.#hasBegun && !isCut(error)) this.#passAndRead()
    if (this.#overflow !== undefined) this.#overflow.broken(error)
    else this.#answer.breakOff(error)
  }

  #handOver(delivery: Delivery): boolean {
    clearTimeout(this.#clock)
    this.#overflow = delivery
    this.#answer.mayHold(0)
    return delivery.chunk(this.#held.take())
  }

  /** @param isFirst Whether this is the first piece: if it comes late, the time to hold begins with it. */
  #isHeldTooLong(isFirst: boolean): boolean {
    const { edit, route } = this.#exchange.facts
    // An answer that must be edited never passes unedited.
    if (edit !== undefined) return false
    if (this.#hasBegun) return true
    const now = this.#exchange.heardAt
    const { isBlank } = this.#first
    if (isBlank) this.#clock ??= setTimeout(() => this.#passBlanks(), Math.max(0, this.#until - now)).unref()
    if (now <= this.#until) return false
    if (isBlank || !isFirst) return true
    this.#until = now + route.gateway.timeouts.holdMs
    return false
  }

  /** Runs outside of any handler, so it must not throw. */
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

  /** Whether the endpoint answers in no format that is known. */
  get #isPlain(): boolean {
    return this.#exchange.facts.route.endpoint.format.id === 'plain'
  }

  /** Whether only the head and blanks were sent, and the kind of the answer is not known yet. */
  get #hasBegun(): boolean {
    return this.#overflow === undefined && this.#answer.state === 'begun'
  }

  /** Blanks may stand before events as well as before JSON: the delivery is chosen by the first other byte. */
  #passOn(): boolean {
    clearTimeout(this.#clock)
    if (this.#first.kind !== undefined) return this.#passAndRead()
    return this.#first.isBlank ? this.#sendBlanks() : true
  }

  /** Sends blanks on at once: they can hold no key and no frame. */
  #sendBlanks(): boolean {
    this.#answer.begin()
    this.#answer.mayHold(0)
    return this.#answer.write(this.#held.take())
  }

  /**
   * Sends what is held, and the rest as it comes, and still reads it for the record. It is sent without a length, so that
   * the connection can be cut if the body turns out not to be JSON.
   */
  #passAndRead(): boolean {
    this.#isRead = true
    this.#answer.head = withoutLength(this.#answer.head)
    this.#overflow = passBytes(this.#exchange, this.#answer, () => (this.#failed ? 'upstream_error' : 'complete'))
    return this.#overflow.chunk(this.#held.view())
  }

  #keep(chunk: Buffer): void {
    this.#held.append(chunk)
    if (this.#held.length <= maxHeldBytes && this.#answer.mayHold(this.#held.length)) return
    this.#isRead = false
    this.#held.take()
    this.#answer.mayHold(0)
  }

  /** @returns `false` if the body was checked and is not JSON. */
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

  /** An answer that must be edited never passes unedited. A large one is searched for keys piece by piece, not all at the end. */
  #holdFurther(chunk: Buffer): boolean {
    let refusal: Refusal | undefined
    if (this.#held.length > maxEditedBytes) refusal = invalid('The gateway answered with more than is waited for.')
    else {
      const isFirst = this.#guard === undefined
      const guard = (this.#guard ??= this.#exchange.facts.key.leaks.guard())
      if (guard.pass(isFirst ? this.#held.view() : chunk) === undefined) refusal = leakedKey(this.#exchange, guard.found as string)
    }
    if (refusal !== undefined) this.#answer.stop(refusal)
    return true
  }

  #sendWhole(body: Buffer): void {
    const exchange = this.#exchange
    const { facts } = exchange
    const leaked = this.#guard === undefined ? facts.key.leaks.find(body) : undefined
    if (leaked !== undefined) {
      this.#answer.fail(leakedKey(exchange, leaked))
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
      // A body that is not JSON may hold any line, also a forged frame of Postern's.
      if (this.#mayBeAnything(text)) this.#passUnread(body)
      else this.#answer.fail(unreadable())
      return
    }
    const failed = facts.upstream.errors.isError(document, facts.route.endpoint)
    if (facts.edit === undefined ? failed : facts.edit.isError(document, failed)) {
      this.#answer.fail(refuseForGateway(exchange, this.#answer.head, document))
      return
    }
    facts.tap.body(document, 'answer')
    if (facts.edit === undefined) {
      const mended = mendLinks(text, facts, facts.originOf)
      if (mended !== text) {
        this.#sendText(mended)
        return
      }
      // Node writes head and body at once if the body is a Latin-1 text (the same bytes); a buffer would take two writes.
      this.#send(latin1, 'latin1', body.length)
      return
    }
    const edited = facts.edit.edit(text.replace(byteOrderMark, ''), document)
    if (edited === undefined) this.#answer.fail(invalid('The gateway answered with something that this endpoint does not.'))
    else this.#sendText(mendLinks(edited, facts, facts.originOf))
  }

  /** @param text What became of the body by an edit. */
  #sendText(text: string): void {
    if (!this.#answer.maySend(text)) return
    // Headers about the original bytes, such as a digest, do not hold for the edited ones.
    this.#answer.head = unpackedHead(this.#answer.head)
    this.#send(text, 'utf8', Buffer.byteLength(text))
  }

  /**
   * Whether a body that is not JSON passes unchanged. It does if its type does not name JSON and it does not begin like JSON;
   * and, at an endpoint without a format, if it is empty or the content of a file, but not if it is a page in place of JSON.
   */
  #mayBeAnything(text: string): boolean {
    if (!this.#isCalledJson) return this.#first.kind !== 'json' || this.#isPlain
    const { edit, route } = this.#exchange.facts
    const { format, object } = route.endpoint
    return edit === undefined && format.id === 'plain' && (object !== undefined || !/^\s*</.test(text))
  }

  /** A body with more values than are parsed in one turn is treated like one beyond the bound. */
  #passUnread(body: Buffer): void {
    if (this.#exchange.facts.edit !== undefined) {
      this.#answer.fail(invalid('The gateway answered with more than is waited for.'))
      return
    }
    this.#overflow = passBytes(this.#exchange, this.#answer)
    this.#overflow.chunk(body)
    this.#overflow.end()
  }

  #send(text: string, encoding: BufferEncoding, length: number): void {
    this.#answer.sendWhole(text, encoding, length)
    const { sink, route } = this.#exchange.facts
    // An answer that waits for an earlier one on its connection begins to be sent when it gets the connection.
    if (sink.socket === null) sink.once('socket', () => letGoOfReader(sink, route.gateway.timeouts.unreadMs))
    else if (sink.writableLength > 0) letGoOfReader(sink, route.gateway.timeouts.unreadMs)
  }
}

/** If the client has not read the whole answer (1 MiB, or 4 MiB if edited) after `idleMs`, closes the connection. */
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
