import type { IncomingMessage, ServerResponse } from 'node:http'
import { discardBody } from '../doors/discard-body.js'
import { refuseForBackend } from './for-backend.js'
import { noteEnding } from './noted-ends.js'

/**
 * Destroys the client's connection, so that the client sees that its answer is incomplete. Waits for `setImmediate`, so
 * that what was written in this turn of the event loop leaves before.
 */
export function breakOff(response: ServerResponse): void {
  noteEnding(response.req, { code: 'backend_failed', status: undefined, requestId: undefined, cause: 'The answer broke off.' })
  setImmediate(() => response.destroy())
}

/**
 * Answers in place of the backend; if an answer has begun, breaks it off. Never throws: event listeners call it, and no
 * caller would catch the error.
 */
export function refuse(request: IncomingMessage, response: ServerResponse, error: Error): void {
  if (response.headersSent || response.destroyed) {
    breakOff(response)
    return
  }
  const { status, headers, body } = refuseForBackend(error, request)
  try {
    // If Node refused to write a head for its reason phrase, it keeps that phrase and would refuse this head as well.
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
