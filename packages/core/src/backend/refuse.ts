import type { IncomingMessage, ServerResponse } from 'node:http'
import { discardBody } from '../doors/discard-body.js'
import { refuseForBackend } from '../answers/for-backend.js'

/** A connection that breaks is passed on as one, once what was written in this turn has left: the client must see that it has a part only. */
export function breakOff(response: ServerResponse): void {
  setImmediate(() => response.destroy())
}

/**
 * Answers in the backend's place; where an answer has begun, it can only be broken off. Never throws: it runs where
 * an error of the backend is heard, and nobody stands behind that.
 */
export function refuse(request: IncomingMessage, response: ServerResponse, error: Error): void {
  if (response.headersSent || response.destroyed) {
    breakOff(response)
    return
  }
  const { status, headers, body } = refuseForBackend(error, request)
  try {
    // Node keeps the phrase of a head that it refused to write, and would refuse the next for it.
    response.statusMessage = ''
    response.writeHead(status, headers)
    response.end(request.method === 'HEAD' ? undefined : body)
  } catch {
    response.destroy()
    return
  }
  request.unpipe()
  discardBody(request, response)
}
