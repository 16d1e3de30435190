import type { IncomingMessage, ServerResponse } from 'node:http'
import { credentialsIn, type SeenCredential } from './credentials.js'
import type { HeaderField } from './header-field.js'
import { requestUrl } from './request-url.js'

/** One request as it arrived, and how it ended. Listed as soon as its headers have arrived. */
export interface SeenRequest {
  method: string
  url: string
  /** Raw, in order, repeated names repeated. */
  headers: readonly HeaderField[]
  /** Empty until the whole body has arrived. */
  body: Buffer
  /** The parsed body, if it is JSON. */
  json?: unknown
  /** Every credential that arrived, whichever header or query parameter it came in. */
  credentials: readonly SeenCredential[]
  /** The status of the answer. */
  status?: number
  /** If the client disconnected before the answer ended: milliseconds since the request arrived. */
  abandonedAfterMs?: number
  /** Resolves when the answer is sent or the connection is closed. */
  ended: Promise<void>
}

export function seeRequest(request: IncomingMessage, response: ServerResponse, known: readonly string[]): SeenRequest {
  const headers: HeaderField[] = []
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    headers.push([request.rawHeaders[index] ?? '', request.rawHeaders[index + 1] ?? ''])
  }
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers,
    body: Buffer.alloc(0),
    credentials: credentialsIn(headers, requestUrl(request).searchParams, known),
    ended: new Promise((resolve) => response.once('close', resolve)),
  }
}
