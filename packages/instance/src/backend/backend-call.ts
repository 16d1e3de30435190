import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Slot } from '@postern/core'
import { isClientGone, onceClientGone } from './client-gone.js'
import type { NodeTransport } from './node-transport.js'
import type { Outage } from './outage.js'
import { faultOfCoding } from './fault-of-answer.js'
import { passedUnreadToClient } from './passed-headers.js'
import { plainUtf8Reason } from './plain-reason.js'
import { breakOff, refuse } from './refuse.js'

/** The largest body that is written as one text with its head, in bytes; copying a larger one costs more than a second write. */
const maxInOnePieceBytes = 16_384

/** What a {@link BackendCall} works with. */
export interface BackendCallFacts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly turn: Slot
  /** How long the head of the answer may take, in milliseconds. */
  readonly headersMs: number
  readonly outage: Outage
  /** The transport for a second attempt. `undefined`: the request must not be sent twice. */
  readonly fallback: Pick<NodeTransport, 'pass' | 'passAgain'> | undefined
}

/**
 * undici's handler for one request to the backend, which has no body or one that was read before.
 *
 * ADR 0003 says why it is a class and implements undici's raw handler interface.
 */
export class BackendCall implements Dispatcher.DispatchHandler {
  readonly #facts: BackendCallFacts
  readonly #response: ServerResponse
  readonly #askedAt = performance.now()
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  /** The first piece of the body. It is held until the next tick, because a small answer is complete by then. */
  #first: Buffer | undefined
  #waits = false
  #ended = false

  constructor(facts: BackendCallFacts) {
    this.#facts = facts
    this.#response = facts.response
    // `abort` after a complete answer does nothing, except if the backend sends bytes after an answer that has no body.
    onceClientGone(facts.request, facts.response, () => this.#abort?.())
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    if (isClientGone(this.#facts.request, this.#response)) abort()
  }

  /** If Node refuses to write the head, `writeHead` throws, and undici calls `onError` with that error. */
  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    if (status < 200) return this.#hearInterim(status)
    // Node writes heads as Latin-1, so reading them as Latin-1 keeps every byte.
    const raw = rawHeaders.map((bytes) => bytes.toString('latin1'))
    const fault = faultOfCoding(raw)
    if (fault !== undefined) {
      this.#abort?.(fault)
      return true
    }
    this.#facts.outage.answered()
    this.#facts.turn.begun()
    this.#resume = resume
    this.#response.writeHead(status, plainUtf8Reason(status, statusText), passedUnreadToClient(status, raw))
    if (status === 304 || status === 204) {
      // Ends here even if it has a `Content-Length`: undici would report such an answer without a body as broken.
      this.#ended = true
      this.#facts.turn.over()
      this.#response.end()
      return true
    }
    this.#waits = true
    process.nextTick(beginBody, this)
    return true
  }

  /** undici restarts its timeout after each interim answer (1xx), so the time for the final head is checked here. */
  #hearInterim(status: number): boolean {
    const { headersMs } = this.#facts
    if (status < 100) this.#abort?.(new Error('The backend answered with a status that is none.'))
    else if (performance.now() - this.#askedAt > headersMs)
      this.#abort?.(Object.assign(new Error('The backend did not answer in time.'), { code: 'ETIMEDOUT' }))
    return true
  }

  /** @returns `false`: pause reading from the backend until the client has read more (`drain`). */
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

  /** Writes the held head and first piece now: a client of an event stream must not wait for the next event. */
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
    // Given a Latin-1 text, Node sends head and body in one write, with the same bytes; a buffer would take two writes.
    else if (whole.length <= maxInOnePieceBytes) this.#response.end(whole.toString('latin1'), 'latin1')
    else this.#response.end(whole)
  }

  onError(error: Error): void {
    if (this.#ended) return
    this.#ended = true
    const { request, turn, outage, fallback } = this.#facts
    const response = this.#response
    if (isClientGone(request, response)) turn.over()
    else if (response.headersSent) {
      turn.over()
      this.beginBody()
      breakOff(response)
    } else if (fallback !== undefined && wasNotSent(error)) fallback.pass(request, response, turn, null)
    else if (fallback !== undefined && metClosing(error)) fallback.passAgain(request, response, turn, null)
    else {
      turn.over()
      outage.failed(error)
      refuse(request, response, error)
    }
  }
}

function beginBody(exchange: BackendCall): void {
  exchange.beginBody()
}

/** Whether undici refused to send what Node's client sends. */
function wasNotSent(error: Error): boolean {
  return 'code' in error && error.code === 'UND_ERR_INVALID_ARG'
}

/**
 * Whether the backend closed an idle connection just as it was reused: the request is sent once more, with Node's client.
 * `ECONNRESET`, `EPIPE`, and `UND_ERR_SOCKET` after earlier answers on the same connection. An unexpected 100, which undici
 * does not accept, is `UND_ERR_SOCKET` too.
 */
function metClosing(error: Error): boolean {
  if (!('code' in error)) return false
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return true
  return error.code === 'UND_ERR_SOCKET' && ((error as Error & Partial<SocketFacts>).socket?.bytesRead ?? 0) > 0
}

interface SocketFacts {
  readonly socket: { readonly bytesRead?: number } | null
}
