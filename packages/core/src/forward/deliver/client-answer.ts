import { Refusal } from '@postern/ports'
import type { Finish } from '@postern/protocol'
import type { AnswerHead } from '../answer-head.js'
import { refusalEnvelope } from '../../answers/refusal-answer.js'
import { classifyFailure } from '../classify-failure.js'
import { type Exchange, writeAnswerHead } from '../exchange.js'
import { Hold } from '../../lib/hold.js'
import { onceClientGone } from '../../lib/watch-client.js'
import { isToldAtLast } from './is-told-at-last.js'
import { leakedKey } from './leaked-key.js'

/**
 * How far the answer to the client has come. `waiting`: its head is not sent, so a failure can still be told with a status, which
 * makes it `failed`. `begun`: the head is sent, so a failure can only be shown by cutting the connection, which makes it `cut`.
 * `ended`: the client got all of it.
 */
export type AnswerState = 'waiting' | 'begun' | 'ended' | 'failed' | 'cut'

/**
 * The answer that the client of one call gets. Every delivery writes through it, so that no delivery has to know whether the head
 * is sent, and a failure is told in the one way that is still open.
 */
export class ClientAnswer {
  readonly #exchange: Exchange
  /** The gateway's head, as it is sent. A delivery may exchange it until it is sent. */
  head: AnswerHead
  #state: AnswerState = 'waiting'
  #clock: NodeJS.Timeout | undefined
  /** What an event stream says at last if it is cut. */
  #lastWords: ((cause: unknown) => string) | undefined
  /** Counts what is held of this answer. Behind an earlier answer of its connection every byte waits, and counts. */
  readonly #hold: Hold
  /** How many bytes the delivery holds back. */
  #heldBack = 0
  #isWatched = false

  constructor(exchange: Exchange, head: AnswerHead) {
    this.#exchange = exchange
    this.head = head
    const { arrival, sink } = exchange.facts
    this.#hold = sink.socket === null ? new Hold(arrival, 0) : new Hold(arrival)
  }

  get state(): AnswerState {
    return this.#state
  }

  /** Sends the head, with the facts that are known by now, unless it is sent. */
  begin(...further: string[]): void {
    if (this.#state !== 'waiting') return
    clearTimeout(this.#clock)
    writeAnswerHead(this.#exchange, this.head, this.#exchange.governance(undefined), ...further)
    // A middleware in front may throw: then a refusal can still be written.
    this.#state = 'begun'
  }

  /**
   * Sends the head if the first bytes take longer than `firstEventMs`: a load balancer may treat a silent server as dead.
   *
   * @param begin Sends it, by calling {@link ClientAnswer.begin}.
   */
  beginInTime(begin: () => void): void {
    if (this.#state !== 'waiting') return
    const { sink, route } = this.#exchange.facts
    this.#clock = setTimeout(() => {
      if (this.#exchange.settled) return
      // An exception in a timer's callback would end the process.
      try {
        begin()
        sink.flushHeaders()
      } catch (error) {
        this.#exchange.refuse(error)
        this.#exchange.abort(error as Error)
      }
    }, route.gateway.timeouts.firstEventMs).unref()
  }

  /** If the answer is cut, writes this before the connection is closed. */
  saysAtLast(lastWords: (cause: unknown) => string): void {
    this.#lastWords = lastWords
  }

  /**
   * Counts what the delivery holds back, in all. `false`: too much is held for this client, and the delivery must end the answer
   * with `tooMuchHeld()`.
   */
  mayHold(bytes: number): boolean {
    // What was written is counted where it is written.
    if (bytes === 0 && this.#heldBack === 0) return true
    const isOpen = this.#state === 'waiting' || this.#state === 'begun'
    this.#heldBack = isOpen ? bytes : 0
    return this.#mayWait()
  }

  /**
   * Whether a text that Postern edited or wrote anew may go out. Every such text passes here just before it is sent, because an edit may
   * join a key that arrived in parts. If it holds a key, the answer is stopped.
   */
  maySend(text: Buffer | string): boolean {
    const leaked = this.#exchange.facts.key.leaks.find(typeof text === 'string' ? Buffer.from(text) : text)
    if (leaked !== undefined) this.stop(leakedKey(this.#exchange, leaked))
    return leaked === undefined
  }

  /** `false`: write no more until the client has read. Only after `begin`. */
  write(bytes: Buffer | string): boolean {
    const { sink } = this.#exchange.facts
    const isOpen = sink.write(bytes)
    if (!isOpen || this.#hold.isCounted || sink.socket === null) this.#bound()
    return isOpen
  }

  /** Sends head and body at once, in one write of the connection. Only while waiting. */
  sendWhole(body: string, encoding: BufferEncoding, length: number): void {
    const record = this.#exchange.governance('complete')
    const told = writeAnswerHead(this.#exchange, this.head, record, 'Content-Length', String(length))
    this.#exchange.facts.sink.end(body, encoding)
    this.#state = 'ended'
    this.#holdsNoMore()
    this.#exchange.settle({ finish: 'complete', status: this.head.status, record, told })
  }

  /** Ends an answer that is whole. Only after `begin`. */
  end(finish: Finish): void {
    this.#state = 'ended'
    this.#exchange.facts.sink.end()
    this.#holdsNoMore()
    this.#exchange.settle({ finish, status: this.head.status, record: this.#exchange.governance(finish) })
  }

  /** Ends an answer that may not go on to the client as the gateway sent it. */
  fail(refusal: Refusal): void {
    if (this.#state === 'begun') this.cut(refusal, refusal.code)
    else this.#refuse(refusal)
  }

  /** As {@link ClientAnswer.fail}, and takes no more of the gateway. */
  stop(refusal: Refusal): void {
    this.fail(refusal)
    this.#exchange.abort(refusal)
  }

  /** Ends an answer whose rest does not come from the gateway. */
  breakOff(error: unknown): void {
    if (this.#state === 'begun') this.cut(error, isToldAtLast(error) ? error.code : undefined)
    else this.#refuse(classifyFailure(error))
  }

  /** Closes the connection, so that the client sees that the answer is not whole. Only after `begin`. */
  cut(cause: unknown, code?: string): void {
    const { sink } = this.#exchange.facts
    const record = this.#exchange.governance('truncated')
    this.#state = 'cut'
    this.#exchange.settle({ finish: 'truncated', status: this.head.status, record, cause, ...(code === undefined ? {} : { code }) })
    this.#holdsNoMore()
    // In a later turn, so that the bytes written in this turn are sent.
    if (this.#lastWords === undefined) {
      setImmediate(() => sink.destroy())
      return
    }
    const clock = setTimeout(() => sink.destroy(), readingMs)
    sink.write(this.#lastWords(cause), () => {
      clearTimeout(clock)
      sink.destroy()
    })
  }

  #refuse(error: unknown): void {
    clearTimeout(this.#clock)
    this.#state = 'failed'
    this.#holdsNoMore()
    this.#exchange.refuse(this.#withoutKey(error))
  }

  /** The error, unless it repeats a key of the gateway's words. They are searched where they are read; this is what the client gets of them. */
  #withoutKey(error: unknown): unknown {
    if (!(error instanceof Refusal) || error.details.byGateway !== true) return error
    const leaked = this.#exchange.facts.key.leaks.findIn(JSON.stringify(refusalEnvelope(error)))
    return leaked === undefined ? error : leakedKey(this.#exchange, leaked)
  }

  /** The delivery holds nothing back any more; what the client has not read still counts. */
  #holdsNoMore(): void {
    this.#heldBack = 0
    this.#bound()
  }

  /** Closes the connection if its client has left too much unread. */
  #bound(): void {
    if (!this.#mayWait()) this.#exchange.facts.arrival.connection.destroy()
  }

  #mayWait(): boolean {
    const { arrival, sink } = this.#exchange.facts
    if (sink.destroyed || arrival.connection.destroyed) return true
    const may = this.#hold.mayHold(this.#heldBack + sink.writableLength)
    if (this.#hold.isCounted && !this.#isWatched) {
      this.#isWatched = true
      onceClientGone(arrival, sink, () => this.#hold.letGo())
    }
    return may
  }
}

/** How long a client has to read the last words of an answer that is cut, in milliseconds. */
const readingMs = 500
