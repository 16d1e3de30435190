import { type Arrival, Refusal, type ResponseSink } from '@postern/ports'
import type { Finish } from '@postern/protocol'
import { forgetClient, onceClientGone } from '../lib/watch-client.js'
import type { Listener, SharedAnswer } from './shared-answer.js'

/** How a joined answer ended for its client. */
export interface ReadAnswer {
  readonly finish: Finish
  /** 499 if the client left before the head. */
  readonly status: number
}

/** Writes a shared answer to a client that joined it, from its beginning and as fast as that client reads. */
export class AnswerReader implements Listener {
  /** Rejects with the failure of the call, if it has no answer. */
  readonly read: Promise<ReadAnswer>
  readonly #answer: SharedAnswer
  readonly #arrival: Arrival
  readonly #sink: ResponseSink
  readonly #unreadMs: number
  #resolve!: (read: ReadAnswer) => void
  #reject!: (error: unknown) => void
  /** The number of the next piece. */
  #next = 0
  #hasBegun = false
  #stalled: NodeJS.Timeout | undefined
  #isOver = false

  /** @param unreadMs How long the client may read nothing, in milliseconds; then its connection is closed. */
  constructor(answer: SharedAnswer, arrival: Arrival, sink: ResponseSink, unreadMs: number) {
    this.#answer = answer
    this.#arrival = arrival
    this.#sink = sink
    this.#unreadMs = unreadMs
    this.read = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    answer.add(this)
    if (sink.destroyed || arrival.connection.destroyed) this.#gone()
    else {
      onceClientGone(arrival, sink, this.#gone)
      this.wake()
    }
  }

  wake(): void {
    if (this.#isOver || this.#stalled !== undefined) return
    const { head, state, error } = this.#answer
    if (state === 'failed') {
      this.#leave()
      this.#reject(error)
      return
    }
    if (head === undefined) {
      if (state === 'cut') this.#cut()
      return
    }
    if (!this.#hasBegun && !this.#begin(head.status, head.headers)) return
    if (!this.#writeOn()) return
    if (state === 'ended') {
      this.#settle(this.#answer.finish ?? 'complete')
      this.#sink.end()
      if (this.#sink.writableLength > 0) this.#letGoOfReader()
    } else if (state === 'cut') this.#cut()
  }

  #begin(status: number, headers: readonly string[]): boolean {
    try {
      this.#sink.writeHead(status, [...headers, ...this.#arrival.answerHeaders])
    } catch (error) {
      this.#leave()
      this.#reject(new Refusal('internal_error', { cause: error, mayHaveRun: true }))
      return false
    }
    this.#hasBegun = true
    if (this.#answer.length === 0) this.#sink.flushHeaders()
    return true
  }

  /** @returns Whether all that has come of the answer was written to the client. */
  #writeOn(): boolean {
    while (this.#next < this.#answer.length) {
      const piece = this.#answer.piece(this.#next)
      if (piece === undefined) {
        // The answer became larger than its bound, and pieces were dropped that this client has not read.
        this.#cut()
        return false
      }
      this.#next += 1
      if (this.#sink.write(piece)) continue
      this.#stalled = setTimeout(() => this.#sink.destroy(), this.#unreadMs)
      this.#sink.once('drain', () => {
        clearTimeout(this.#stalled)
        this.#stalled = undefined
        this.wake()
      })
      return false
    }
    return true
  }

  /** Closes the connection if the client does not read the rest of the answer in time. */
  #letGoOfReader(): void {
    const timer = setTimeout(() => this.#sink.destroy(), this.#unreadMs)
    this.#sink.once('close', () => clearTimeout(timer))
  }

  /** Closes the connection, so that the client sees that its answer is not whole. */
  #cut(): void {
    this.#settle('truncated')
    // In a later turn, so that the bytes written in this turn are sent.
    setImmediate(() => this.#sink.destroy())
  }

  #settle(finish: Finish): void {
    this.#leave()
    const status = this.#hasBegun ? (this.#answer.head?.status ?? 200) : 499
    this.#resolve({ finish, status })
  }

  #leave(): void {
    this.#isOver = true
    clearTimeout(this.#stalled)
    forgetClient(this.#arrival, this.#sink, this.#gone)
    this.#answer.delete(this)
  }

  readonly #gone = (): void => {
    if (!this.#isOver) this.#settle('client_closed')
  }
}
