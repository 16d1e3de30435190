import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answerOn } from '../doors/answer-on.js'

/** Takes a request in hand. */
export type Go = (request: IncomingMessage, response: ServerResponse) => void

interface Waiting {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly go: Go
  readonly headBytes: number
}

/** What is counted for a connection. */
export interface ConnectionDuties {
  /** Whether a request that waits may be kept; its bytes are given back with {@link letGo}. */
  keep(address: string | undefined, bytes: number): boolean
  letGo(address: string | undefined, bytes: number): void
  readonly underWay: number
}

/** What a request that waits costs beside the bytes of its head: what Node makes for it, rounded up. */
const bytesOfObjects = 6144

/**
 * How many requests of one connection that came before an earlier one was answered are taken in hand in one turn of
 * the event loop. Most are refused at once, and a piece of 64 KB holds two thousand: everybody else waits for that long.
 */
const mostPerTurn = 16

/** Likewise of the bytes of their heads: what a head costs goes by its length. */
const mostHeadBytesPerTurn = 32 * 1024

/**
 * A client's connection, and what on it is under way.
 *
 * A client may send requests before earlier ones are answered (RFC 9112, 9.3.2), as many as it likes; so many are
 * worked on at once, and the others wait in order.
 */
export class Connection {
  readonly socket: Socket
  /** The network that it is counted for; `undefined` for one of a trusted proxy, which brings many. */
  readonly address: string | undefined
  /** It was one too many: what still comes on it is not looked at. */
  refused = false
  /** The request whose body is being received, its answer, and how that goes. */
  request: IncomingMessage | undefined
  response: ServerResponse | undefined
  bytesSeen = 0
  credit = 0
  readonly #duties: ConnectionDuties
  #underWay = 0
  /** Of this turn, with the bytes of their heads. */
  #taken = 0
  #headBytes = 0
  readonly #waiting: Waiting[] = []

  constructor(socket: Socket, address: string | undefined, duties: ConnectionDuties) {
    this.socket = socket
    this.address = address
    this.#duties = duties
  }

  /** Takes a request in hand that came before an earlier one was answered, as soon as few enough are. */
  pipeline(request: IncomingMessage, response: ServerResponse, go: Go): void {
    // The first of them came alone, and was not counted.
    if (this.#underWay === 0) this.#count(answerOn(this.socket))
    const waiting = { request, response, go, headBytes: sizeOf(request.rawHeaders) }
    if (this.#mayTake() && this.#waiting.length === 0) {
      this.#take(waiting)
      return
    }
    if (this.#duties.keep(this.address, bytesOf(waiting))) this.#waiting.push(waiting)
    // What cannot be kept cannot be answered in order either; a client asks again on another connection.
    else this.socket.destroy()
  }

  /** The connection is closed: what waits on it waits no more. */
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
    return this.#underWay < this.#duties.underWay && this.#taken < mostPerTurn && this.#headBytes < mostHeadBytesPerTurn
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
