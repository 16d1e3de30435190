import type { IncomingMessage } from 'node:http'
import type { Assertions } from '../assertion/assertions.js'
import type { IsTrusted } from '../trusted-peers.js'
import { addForwarded } from './forwarded.js'
import { createPassedToBackend } from './passed-headers.js'

/** What the backend gets of a request's headers, and what is said anew, name and value in turn. */
export type RequestHeaders = (request: IncomingMessage) => string[]

export function createRequestHeaders(isTrusted: IsTrusted, assertions: Assertions | undefined): RequestHeaders {
  const passed = createPassedToBackend(assertions === undefined ? [] : [assertions.header])
  return (request) => {
    const headers = passed(request.rawHeaders, request.headers.connection)
    addForwarded(headers, request, isTrusted)
    const assertion = assertions?.valueFor(request)
    if (assertions !== undefined && assertion !== undefined) headers.push(assertions.header, assertion)
    return headers
  }
}
