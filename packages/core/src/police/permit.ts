import type { Readable } from 'node:stream'

/** What policy let through, and what it read on the way. */
export interface Permit {
  /** The body to forward: whole where policy read it, else the stream it arrives in. */
  readonly body: Buffer | Readable | null
  /** How long the client took to send what was read, in milliseconds. */
  readonly waitedMs: number
  /** The model that the request names. */
  readonly modelRequested?: string | undefined
  /** Whether the request asks for a stream; `undefined` where the body was not read. */
}
