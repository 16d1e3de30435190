import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { PageRecord } from './answers/record-for-client.js'
import type { Connections } from './connections/index.js'

/** One request as it stands at the door, with the id it will carry whatever happens to it. */
export interface Arrival {
  /** Made at the door, so that even a refusal has an id. */
  readonly ulid: string
  /** `performance.now()` at the door. */
  readonly startedAt: number
  readonly method: string
  /** Below the mount, without the query: `/v1/chat/completions`. */
  readonly path: string
  /** `?a=b`, or the empty string. */
  readonly query: string
  /** The path as the client wrote it, mount included, without the query. */
  readonly wholePath: string
  readonly headers: IncomingHttpHeaders
  /** Name and value in turn, as they came. */
  readonly rawHeaders: readonly string[]
  /** The peer's address. */
  readonly address: string
  /** What every answer carries, name and value in turn: page security and CORS. */
  readonly answerHeaders: readonly string[]
  /** What pages see of the governance record. */
  readonly pageRecord: PageRecord
  readonly body: Readable
  /** The connection that it came on. */
  readonly connection: Connection
  /** Counts the bytes that are held in memory for this client; `undefined`: not counted. */
  readonly connections?: Pick<Connections, 'addressOf' | 'held'> | undefined
}

/** The part of a socket that the corridor uses. */
export interface Connection {
  readonly destroyed: boolean
  /** Whether it is TLS that ends here. */
  readonly encrypted?: boolean
  on(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
  setMaxListeners(most: number): unknown
}

/** What an answer is written to: the part of `http.ServerResponse` that the corridor uses. */
export interface ResponseSink {
  readonly headersSent: boolean
  readonly destroyed: boolean
  readonly writableFinished: boolean
  /** Bytes that are written and not sent. */
  readonly writableLength: number
  /** `null` while an earlier answer on the same connection is still being sent. */
  readonly socket: object | null
  writeHead(status: number, headers: string[]): unknown
  /** Sends the head that was written before anything of the body is. */
  flushHeaders(): unknown
  /** `false`: wait for `drain` before writing more. */
  write(chunk: Uint8Array | string, written?: () => void): boolean
  end(chunk?: string, encoding?: BufferEncoding): unknown
  destroy(): unknown
  once(event: 'close' | 'drain' | 'socket', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
}
