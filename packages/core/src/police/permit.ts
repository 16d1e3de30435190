import type { Readable } from 'node:stream'

/** What policy let through, and what it read on the way. */
export interface Permit {
  /** The body to forward: whole where policy read it, else the stream it arrives in. */
  readonly body: Buffer | Readable | null
  /** How long was waited for others before the request left: for the client to send it, for its turn, for an earlier attempt. In milliseconds. */
  readonly waitedMs: number
  /** The query to send where policy changed it. */
  readonly query?: string | undefined
  /** Headers that policy adds, name and value in turn. */
  readonly headers?: readonly string[] | undefined
  /** The model that the request names. */
  readonly modelRequested?: string | undefined
}
