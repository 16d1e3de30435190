import type { IncomingMessage } from 'node:http'
import type { Assertions } from '../assertion/assertions.js'
import type { IsTrusted } from '@postern/config'
import { addForwarded } from './forwarded.js'
import { addFraming } from './add-framing.js'
import { createPassToBackend } from './passed-headers.js'

/** The headers that the backend gets, copied and rebuilt ones, name and value in turn. */
export type RequestHeaders = (request: IncomingMessage) => string[]

export interface RequestHeadersOptions {
  readonly isTrusted: IsTrusted
  readonly assertions: Assertions | undefined
  /** The `Host` for a request without one, which HTTP/1.0 allows. */
  readonly authority: string
}

export function createRequestHeaders({ isTrusted, assertions, authority }: RequestHeadersOptions): RequestHeaders {
  const pass = createPassToBackend(assertions === undefined ? [] : [assertions.header])
  return (request) => {
    const fromProxy = isTrusted(request.socket.remoteAddress ?? '')
    const headers = ['Host', request.headers.host ?? authority]
    pass(headers, request.rawHeaders, request.headers.connection, fromProxy)
    addForwarded(headers, request, fromProxy)
    addFraming(headers, request)
    const assertion = assertions?.valueFor(request)
    if (assertions !== undefined && assertion !== undefined) headers.push(assertions.header, assertion)
    return headers
  }
}
