import type { Readable } from 'node:stream'
import type { CeilingPlaces } from './find-ceilings.js'
import type { Need } from './need.js'

/** What `police` allows to be sent, and the facts that it read from the body. */
export interface Permit {
  /** The body to forward: a Buffer if `police` read it whole, else the client's stream; `null`: no body. */
  readonly body: Buffer | Readable | null
  /** The query to send, if `police` changed it; `undefined`: the client's. */
  readonly query?: string | undefined
  /** Headers that policy adds, name and value in turn. */
  readonly headers?: readonly string[] | undefined
  /** Whether the request asks for a stream, or may. */
  readonly isStream?: boolean | undefined
  /** Postern asked for the token counts of the stream, and takes them out of it again. */
  readonly hidesUsage?: boolean | undefined
  /** The most that the request can use, and the models that may run. Only if a limit may count it that wants to know, and a model runs. */
  readonly need?: Need | undefined
  /** Finds where the body says how long its answers may become. Only if a limit may lower it. */
  readonly ceilings?: (() => CeilingPlaces) | undefined
  /** The model that the request names. */
  readonly modelRequested?: string | undefined
}
