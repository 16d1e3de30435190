import type { IncomingMessage, ServerResponse } from 'node:http'
import { discardBody } from '../doors/discard-body.js'
import { refuseForBackend } from '../answers/for-backend.js'

/**
 * Answers in the backend's place; where an answer has begun, it can only be broken off. Never throws: it runs where
 * an error of the backend is heard, and nobody stands behind that.
 */
export function refuse(request: IncomingMessage, response: ServerResponse, error: Error): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
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
