import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answerOn } from '../doors/answer-on.js'

/** Starts work on a request. */
export type Go = (request: IncomingMessage, response: ServerResponse) => void

interface Waiting {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly go: Go
  readonly headBytes: number
}

/** What a {@link Connection} needs of {@link Connections}. */
export interface ConnectionDuties {
  /** Counts the bytes of a request that waits. `false`: too many, and nothing is counted. {@link letGo} gives them back. */
  keep(address: string | undefined, bytes: number): boolean
  letGo(address: string | undefined, bytes: number): void
  /** The most requests of one connection that are worked on at once. */
  readonly underWay: number
}

/** Memory that Node's objects for a waiting request take, beside the bytes of its head; in bytes, rounded up. */
const bytesOfObjects = 6144

/**
 * The most pipelined requests of one connection that are started in one turn of the event loop. A piece of 64 KB may hold
 * two thousand requests; to start them all, even if most are refused at once, would make all other clients wait.
 */
const maxPerTurn = 16

/** The most bytes of the heads of these requests: the cost of a head grows with its length. */
const maxHeadBytesPerTurn = 32 * 1024

/**
 * A client's connection, and its requests that are worked on.
 *
 * A client may pipeline: send requests before earlier ones are answered (RFC 9112, 9.3.2). `underWay` requests are worked
 * on at once; the others wait in order.
 */
export class Connection {
  readonly socket: Socket
  /** The network that the connection is counted for; `undefined`: not counted, because the peer is a trusted proxy. */
  readonly address: string | undefined
  /** The connection is closing: it was one too many, or its input is not reliable. Further requests on it are ignored. */
  refused = false
  /**
   * The request whose body is being received, and its answer; `socket.bytesRead` at the last look; and how many bytes the
   * body is ahead of `minRate`. See `lookAtBody`.
   */
  request: IncomingMessage | undefined
  response: ServerResponse | undefined
  bytesSeen = 0
  credit = 0
  readonly #duties: ConnectionDuties
  #underWay = 0
  /** Requests that were started in this turn of the event loop, and the bytes of their heads. */
  #taken = 0
  #headBytes = 0
  readonly #waiting: Waiting[] = []

  constructor(socket: Socket, address: string | undefined, duties: ConnectionDuties) {
    this.socket = socket
    this.address = address
    this.#duties = duties
  }

  /** Starts a pipelined request as soon as the bounds allow it. Destroys the connection if the request cannot be kept. */
  pipeline(request: IncomingMessage, response: ServerResponse, go: Go): void {
    // The request whose answer is being sent was not pipelined, so it was not counted: count it now.
    if (this.#underWay === 0) this.#count(answerOn(this.socket))
    const waiting = { request, response, go, headBytes: sizeOf(request.rawHeaders) }
    if (this.#mayTake() && this.#waiting.length === 0) {
      this.#take(waiting)
      return
    }
    if (this.#duties.keep(this.address, bytesOf(waiting))) this.#waiting.push(waiting)
    // Without keeping the request, its refusal could not be sent in order. The client may retry on another connection.
    else this.socket.destroy()
  }

  /** Call when the connection is closed: drops the requests that wait. */
  end(): void {
    for (const waiting of this.#waiting.splice(0)) this.#duties.letGo(this.address, bytesOf(waiting))
  }

  #count(response: NodeJS.EventEmitter | null): void {
    if (response === null) return
    this.#underWay += 1
    response.once('close', () => {
      this.#underWay -= 1
      this.#next()
    })
  }

  #mayTake(): boolean {
    return this.#underWay < this.#duties.underWay && this.#taken < maxPerTurn && this.#headBytes < maxHeadBytesPerTurn
  }

  #take({ request, response, go, headBytes }: Waiting): void {
    if (this.#taken === 0) {
      setImmediate(() => {
        this.#taken = 0
        this.#headBytes = 0
        this.#next()
      })
    }
    this.#taken += 1
    this.#headBytes += headBytes
    this.#count(response)
    go(request, response)
  }

  #next(): void {
    while (this.#mayTake() && !this.socket.destroyed) {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) return
      this.#duties.letGo(this.address, bytesOf(waiting))
      this.#take(waiting)
    }
  }
}

function bytesOf({ headBytes }: Waiting): number {
  return bytesOfObjects + headBytes
}

function sizeOf(texts: readonly string[]): number {
  let size = 0
  for (const text of texts) size += text.length
  return size
}
