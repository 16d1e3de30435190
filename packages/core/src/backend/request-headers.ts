import type { IncomingMessage } from 'node:http'
import type { IsTrusted } from '../trusted-peers.js'
import { addForwarded } from './forwarded.js'
import { passedToBackend } from './passed-headers.js'

/** What the backend gets of a request's headers, and what is said anew, name and value in turn. */
export type RequestHeaders = (request: IncomingMessage) => string[]

export function createRequestHeaders(isTrusted: IsTrusted): RequestHeaders {
  return (request) => {
    const headers = passedToBackend(request.rawHeaders, request.headers.connection)
    addForwarded(headers, request, isTrusted)
    return headers
  }
}
