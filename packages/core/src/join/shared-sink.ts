import { EventEmitter } from 'node:events'
import type { Arrival, ResponseSink } from '@postern/ports'
import { onceClientGone } from '../lib/watch-client.js'
import type { SharedAnswer } from './shared-answer.js'

/**
 * What `forward` writes the answer of a keyed call to: its own client gets every byte at once, as without a key, and the shared answer
 * keeps it for others. It stays open when that client leaves, until it is abandoned.
 */
export class SharedSink implements ResponseSink {
  /** The request as `forward` sees it: its connection ends when the call is abandoned, not when its client leaves. */
  readonly arrival: Arrival
  headersSent = false
  readonly #answer: SharedAnswer
  readonly #own: Arrival
  readonly #client: ResponseSink
  readonly #events = new EventEmitter().setMaxListeners(0)
  readonly #left: () => void
  #hasClient = true
  #isAbandoned = false
  #isEnded = false
  /** Whether the call has ended: then a connection is closed to show that an answer is not whole. */
  isOver = false

  /** @param left Called once the client has left before the call is over. */
  constructor(answer: SharedAnswer, arrival: Arrival, client: ResponseSink, left: () => void) {
    this.#answer = answer
    this.#own = arrival
    this.#client = client
    this.#left = left
    const { connections } = arrival
    this.arrival = {
      ...arrival,
      answerHeaders: [],
      connection: this.#connection(),
      connections: connections && { addressOf: () => connections.addressOf(arrival), held: connections.held },
    }
    if (client.destroyed || arrival.connection.destroyed) this.#lose()
    else onceClientGone(arrival, client, () => this.#lose())
  }

  get hasClient(): boolean {
    return this.#hasClient
  }

  get destroyed(): boolean {
    return this.#isAbandoned
  }

  get writableFinished(): boolean {
    return this.#isEnded && (!this.#hasClient || this.#client.writableFinished)
  }

  get writableLength(): number {
    return this.#hasClient ? this.#client.writableLength : 0
  }

  get socket(): object | null {
    return this.#hasClient ? this.#client.socket : this.arrival.connection
  }

  writeHead(status: number, headers: string[]): void {
    if (this.#hasClient) this.#client.writeHead(status, [...headers, ...this.#own.answerHeaders])
    this.headersSent = true
    this.#answer.begin({ status, headers: [...headers] })
  }

  flushHeaders(): void {
    if (this.#hasClient) this.#client.flushHeaders()
  }

  write(chunk: Uint8Array | string, written?: () => void): boolean {
    // The client first, so that nobody who joined delays it.
    const isOpen = this.#hasClient ? this.#client.write(chunk, written) : true
    if (!this.#hasClient && written !== undefined) setImmediate(written)
    // A copy: a chunk is a part of what was read from the gateway at once, and would keep all of that in memory.
    this.#answer.append(Buffer.from(chunk as Uint8Array))
    return isOpen
  }

  end(chunk?: string, encoding: BufferEncoding = 'utf8'): void {
    this.#isEnded = true
    if (this.#hasClient) this.#client.end(chunk, encoding)
    else setImmediate(() => this.#events.emit('close'))
    if (chunk !== undefined) this.#answer.append(Buffer.from(chunk, encoding))
    this.#answer.end()
  }

  /** Before the call is over, and after a whole answer, this is about a client that does not read; else about an answer that is not whole. */
  destroy(): void {
    if (this.isOver && !this.#isEnded) this.#answer.cut()
    if (this.#hasClient) this.#client.destroy()
  }

  once(event: 'close' | 'drain' | 'socket', listener: () => void): void {
    if (event === 'socket') this.#client.once('socket', listener)
    else if (event === 'drain' && !this.#hasClient) setImmediate(listener)
    else {
      this.#events.once(event, listener)
      if (event === 'drain') this.#client.once('drain', () => this.#events.emit('drain'))
    }
  }

  off(event: 'close', listener: () => void): void {
    this.#events.off(event, listener)
  }

  /** Nobody waits for the call any more: it ends as if its client had left now. */
  abandon(): void {
    if (this.#isAbandoned || this.isOver) return
    this.#isAbandoned = true
    this.#events.emit('close')
  }

  #lose(): void {
    this.#hasClient = false
    if (this.isOver || this.#isEnded) {
      this.#events.emit('close')
      return
    }
    // The gateway no longer waits for this client.
    this.#events.emit('drain')
    this.#left()
  }

  #connection(): Arrival['connection'] {
    const { encrypted } = this.#own.connection
    const isAbandoned = (): boolean => this.#isAbandoned
    return {
      get destroyed() {
        return isAbandoned()
      },
      ...(encrypted === undefined ? {} : { encrypted }),
      on: () => {},
      off: () => {},
      setMaxListeners: () => {},
      destroy: () => {
        if (this.#hasClient) this.#own.connection.destroy()
      },
    }
  }
}
