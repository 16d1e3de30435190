import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Stopwatch } from './stopwatch.js'

/** Which record pages get (`browser.record`): the full one, or the public one, without the key's alias and the gateway. */
export type PageRecord = 'full' | 'public'

/** Counts the bytes that this process holds in memory for its clients (`connections.heldBytes`). */
export interface MemoryCount {
  /** The network that a request is counted for; `undefined`: bounded only by the sum of all. */
  addressOf(request: PeerFacts): string | undefined
  readonly held: {
    /** Counts further bytes. `false`: there would be too many, and nothing was counted. */
    take(address: string | undefined, bytes: number): boolean
    /** Takes back bytes that `take` counted. */
    letGo(address: string | undefined, bytes: number): void
  }
}

/** The parts of a request from which its addresses are read. */
export type PeerFacts = Pick<Arrival, 'headers' | 'address' | 'connection'>

/** One request as it arrives, with the id that every answer to it carries. */
export interface Arrival {
  /** Made on arrival, so that even a refusal has an id. */
  readonly ulid: string
  /** Runs since the arrival. Whoever waits for somebody else says so here. */
  readonly watch: Stopwatch
  readonly method: string
  /** Below the mount, without the query: `/v1/chat/completions`. */
  readonly path: string
  /** `?a=b`, or the empty string. */
  readonly query: string
  /** The path as the client wrote it, mount included, without the query. */
  readonly wholePath: string
  readonly headers: IncomingHttpHeaders
  /** Name and value in turn, unchanged. */
  readonly rawHeaders: readonly string[]
  /** The peer's address. */
  readonly address: string
  /** The headers that every answer carries, name and value in turn: page security and CORS. */
  readonly answerHeaders: readonly string[]
  /** Which governance record pages get. */
  readonly pageRecord: PageRecord
  readonly body: Readable
  /** The connection that carries the request. */
  readonly connection: Connection
  /** Counts the bytes that Postern holds in memory for this client; `undefined`: no counting. */
  readonly connections?: MemoryCount | undefined
  /** Counts the body while it is kept whole. Whoever reads the body sets it. */
  bodyHold?: BodyHold | undefined
}

/** The bytes of one request's body, as they count for its client. */
export interface BodyHold {
  /** Whether the call that they belong to is over. */
  isOver: boolean
  /** Nothing is held any more. */
  letGo(): void
}

/** The part of a socket that the corridor uses. */
export interface Connection {
  readonly destroyed: boolean
  /** `true` if Postern itself ends the TLS of this connection. */
  readonly encrypted?: boolean
  on(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
  setMaxListeners(most: number): unknown
  destroy(): unknown
}

/** The part of `http.ServerResponse` that the corridor writes answers to. */
export interface ResponseSink {
  readonly headersSent: boolean
  readonly destroyed: boolean
  readonly writableFinished: boolean
  /** Bytes that were written and not sent yet. */
  readonly writableLength: number
  /** `null` while an earlier answer on the same connection is still being sent. */
  readonly socket: object | null
  writeHead(status: number, headers: string[]): unknown
  /** Sends the head without waiting for the first byte of the body. */
  flushHeaders(): unknown
  /** `false`: wait for `drain` before writing more. */
  write(chunk: Uint8Array | string, written?: () => void): boolean
  end(chunk?: string, encoding?: BufferEncoding): unknown
  destroy(): unknown
  on(event: 'close', listener: () => void): unknown
  once(event: 'close' | 'drain' | 'socket', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
}
