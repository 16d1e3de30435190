import { EventEmitter } from 'node:events'
import type { Arrival, ResponseSink } from '@postern/ports'
import { ownCopy } from '../lib/own-copy.js'
import { onceClientGone } from '../lib/watch-client.js'
import type { SharedAnswer } from './shared-answer.js'

/**
 * The sink that `forward` writes the answer of a keyed call to. The call's own client gets every byte at once, as without a key, and the
 * shared answer keeps a copy for the calls that join. If that client leaves, the sink stays open until it is abandoned.
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
    // First to the call's own client, so that no reader that joined delays it.
    const isOpen = this.#hasClient ? this.#client.write(chunk, written) : true
    if (!this.#hasClient && written !== undefined) setImmediate(written)
    // A copy: a chunk is a part of what was read from the gateway at once, and would keep all of that in memory.
    this.#answer.append(ownCopy(typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
    return isOpen
  }

  end(chunk?: string, encoding: BufferEncoding = 'utf8'): void {
    this.#isEnded = true
    if (this.#hasClient) this.#client.end(chunk, encoding)
    else setImmediate(() => this.#events.emit('close'))
    if (chunk !== undefined) this.#answer.append(ownCopy(Buffer.from(chunk, encoding)))
    // `Lead.over` ends the answer in this turn, with how the call ended. If an error keeps it from doing so, readers must not wait forever.
    setImmediate(() => this.#answer.end())
  }

  /**
   * If the call is over and its answer was not ended, cuts the shared answer: it is not whole. Otherwise `forward` only closes the
   * connection of a client that does not read.
   */
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

  /** Several things end this sink; a listener hears of the first. */
  on(event: 'close', listener: () => void): void {
    this.#events.once(event, listener)
  }

  off(event: 'close', listener: () => void): void {
    this.#events.off(event, listener)
  }

  /** No client waits for the call any more: ends it as if its own client had left now. */
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
