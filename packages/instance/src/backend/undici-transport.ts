import type { IncomingMessage } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { maxAnswerHeadBytes, openConnector } from '@postern/core'
import type { NodeTransport } from './node-transport.js'
import { connectMs } from './transport.js'
import type { Outage } from './outage.js'
import { BackendCall } from './backend-call.js'
import type { RequestHeaders } from './request-headers.js'
import type { Pass } from './transport.js'
import { isSmallBody } from './small-body.js'
import type { Address, Target } from './target.js'

export interface UndiciTransport {
  readonly pass: Pass
  close(): void
}

export interface UndiciTransportOptions {
  readonly requestHeaders: RequestHeaders
  readonly headersMs: number
  /** The most connections to the backend that are open at once. */
  readonly connections: number
  readonly outage: Outage
  /** Fallback transport: for requests that undici refuses, and for one retry after the backend closed an idle connection. */
  readonly fallback: Pick<NodeTransport, 'pass' | 'passAgain'>
}

/** The fast transport, on undici, for requests that {@link isPlain} accepts. See ADR 0011. */
export function openUndiciTransport({ address }: Target, options: UndiciTransportOptions): UndiciTransport {
  const { requestHeaders, headersMs, connections, outage, fallback } = options
  const { socketPath } = address
  const connect = openConnector({ timeout: connectMs, ...(socketPath === undefined ? {} : { socketPath }) })
  const pool = new Pool(originOf(address), {
    connect,
    connections,
    headersTimeout: headersMs,
    bodyTimeout: 0,
    pipelining: 1,
    maxHeaderSize: maxAnswerHeadBytes,
  })

  return {
    pass(request, response, turn, body) {
      const facts = { method: request.method as Dispatcher.HttpMethod, path: request.url as string, headers: requestHeaders(request), body }
      // A request with a body is never sent twice.
      const second = body === null ? fallback : undefined
      pool.dispatch(facts, new BackendCall({ request, response, turn, headersMs, outage, fallback: second }))
    },
    close() {
      void pool.destroy()
    },
  }
}

const withBodies = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * Whether undici's transport can take a request: a GET without a body, or a POST, PUT, PATCH or DELETE with a small one;
 * with a `Host`, and a path as target. Most requests of a page are such.
 */
export function isPlain(request: IncomingMessage): boolean {
  const { method, url, headers } = request
  if (!(url as string).startsWith('/') || headers.host === undefined) return false
  if (method !== 'GET') return withBodies.has(method as string) && isSmallBody(request)
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
}

/** The origin that undici requires, for a Unix socket too. The `Host` that is sent is the client's. */
function originOf({ host, port }: Address): string {
  if (host === undefined) return 'http://localhost'
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
