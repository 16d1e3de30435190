import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Turn } from '../connections/lines.js'
import { isClientGone, onceClientGone } from './client-gone.js'
import type { Outage } from './outage.js'
import { faultOfCoding } from './fault-of-answer.js'
import { passedUnreadToClient } from './passed-headers.js'
import { plainUtf8Reason } from './plain-reason.js'
import { breakOff, refuse } from './refuse.js'
import type { Pass } from './road.js'

/** The largest body that leaves as one text with its head, in bytes; copying a larger one costs more than a second piece. */
const mostInOnePiece = 16_384

/** What one exchange is about. */
export interface PageExchangeFacts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly turn: Turn
  /** For the head of an answer, in milliseconds. */
  readonly headersMs: number
  readonly outage: Outage
  /** `undefined`: it is asked once. */
  readonly passAgain: Pass | undefined
}

/**
 * One request without a body, or with one that was read, at the backend as undici sees it.
 *
 * A class, and in undici's raw form of a handler, for the reasons that ADR 0003 gives.
 */
export class PageExchange implements Dispatcher.DispatchHandler {
  readonly #facts: PageExchangeFacts
  readonly #response: ServerResponse
  readonly #askedAt = performance.now()
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  /** The begin of the body, which waits for the end of this turn: small pages end in it. */
  #first: Buffer | undefined
  #waits = false
  #ended = false

  constructor(facts: PageExchangeFacts) {
    this.#facts = facts
    this.#response = facts.response
    // The client has left, or has all; undici does nothing in the latter case, unless something follows an answer that has no body.
    onceClientGone(facts.request, facts.response, () => this.#abort?.())
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    if (isClientGone(this.#facts.request, this.#response)) abort()
  }

  /** A head that Node does not write throws, and undici takes that as an end of the exchange. */
  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    if (status < 200) return this.#hearInterim(status)
    // As Latin-1, so that what passes is passed unchanged.
    const raw = rawHeaders.map((bytes) => bytes.toString('latin1'))
    const fault = faultOfCoding(raw)
    if (fault !== undefined) {
      this.#abort?.(fault)
      return true
    }
    this.#facts.outage.answered()
    this.#facts.turn.begun()
    this.#resume = resume
    this.#response.writeHead(status, plainUtf8Reason(statusText), passedUnreadToClient(raw))
    if (status === 304 || status === 204) {
      // It ends here, whatever length it states: to undici a length without a body is a broken answer.
      this.#ended = true
      this.#facts.turn.over()
      this.#response.end()
      return true
    }
    this.#waits = true
    process.nextTick(beginBody, this)
    return true
  }

  /** undici waits anew after each; whoever sends nothing else has given no answer in time. */
  #hearInterim(status: number): boolean {
    const { headersMs } = this.#facts
    if (status < 100) this.#abort?.(new Error('The backend answered with a status that is none.'))
    else if (performance.now() - this.#askedAt > headersMs)
      this.#abort?.(Object.assign(new Error('The backend did not answer in time.'), { code: 'ETIMEDOUT' }))
    return true
  }

  /** @returns `false` where the backend has to wait until the client has read what it has. */
  onData(chunk: Buffer): boolean {
    if (this.#waits && this.#first === undefined) {
      this.#first = chunk
      return true
    }
    this.beginBody()
    if (this.#response.write(chunk)) return true
    this.#response.once('drain', this.#resume as () => void)
    return false
  }

  /** What comes event by event must not wait: neither the head for its first, nor an event for the next. */
  beginBody(): void {
    if (!this.#waits) return
    this.#waits = false
    if (this.#first === undefined) this.#response.flushHeaders()
    else this.#response.write(this.#first)
    this.#first = undefined
  }

  onComplete(): void {
    if (this.#ended) return
    this.#ended = true
    this.#facts.turn.over()
    const whole = this.#waits ? this.#first : undefined
    this.#waits = false
    if (whole === undefined) this.#response.end()
    // As one Latin-1 text, byte for byte the same, head and body leave in one write; a buffer would take two.
    else if (whole.length <= mostInOnePiece) this.#response.end(whole.toString('latin1'), 'latin1')
    else this.#response.end(whole)
  }

  onError(error: Error): void {
    if (this.#ended) return
    this.#ended = true
    const { request, turn, outage, passAgain } = this.#facts
    const response = this.#response
    if (isClientGone(request, response)) turn.over()
    else if (response.headersSent) {
      turn.over()
      this.beginBody()
      breakOff(response)
    } else if (passAgain !== undefined && mayTakeOtherRoad(error)) passAgain(request, response, turn, null)
    else {
      turn.over()
      outage.failed(error)
      refuse(request, response, error)
    }
  }
}

function beginBody(exchange: PageExchange): void {
  exchange.beginBody()
}

/**
 * Whether the backend closed a connection just as it was used again, on which it has answered others but nothing of this; or undici
 * does not send what Node's own client does, such as two hosts, or read it, such as a 100 that nobody asked for.
 */
function mayTakeOtherRoad(error: Error): boolean {
  if (!('code' in error)) return false
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === 'UND_ERR_INVALID_ARG') return true
  return error.code === 'UND_ERR_SOCKET' && ((error as Error & Partial<SocketFacts>).socket?.bytesRead ?? 0) > 0
}

interface SocketFacts {
  readonly socket: { readonly bytesRead?: number } | null
}
