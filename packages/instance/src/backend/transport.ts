import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Slot } from '@postern/core'

/** Passes a request on, and the answer back. `body`: the whole body if it was read before; `null`: stream it from `request`. */
export type Pass = (request: IncomingMessage, response: ServerResponse, turn: Slot, body: Buffer | null) => void

/** How long connecting to the backend may take, in milliseconds. */
export const connectMs = 5000
