import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Turn } from '../connections/lines.js'

/** Passes a request on in its turn, and the answer back; `body` where it was read already. */
export type Pass = (request: IncomingMessage, response: ServerResponse, turn: Turn, body: Buffer | null) => void
