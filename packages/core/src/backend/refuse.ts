import type { IncomingMessage, ServerResponse } from 'node:http'
import { discardBody } from '../doors/discard-body.js'
import { refuseForBackend } from '../answers/for-backend.js'

/** Answers in the backend's place. */
export function refuse(request: IncomingMessage, response: ServerResponse, error: Error): void {
  const { status, headers, body } = refuseForBackend(error, request)
  response.writeHead(status, headers)
  response.end(request.method === 'HEAD' ? undefined : body)
  request.unpipe()
  discardBody(request, response)
}
