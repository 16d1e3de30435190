import type { IncomingMessage } from 'node:http'
import { Pool } from 'undici'
import type { Pass } from './client-road.js'
import { connectMs } from './connect-ms.js'
import { PageExchange } from './page-exchange.js'
import type { RequestHeaders } from './request-headers.js'
import type { Address, Target } from './target.js'

export interface PoolRoad {
  readonly pass: Pass
  close(): void
}

export interface PoolRoadOptions {
  readonly requestHeaders: RequestHeaders
  readonly headersMs: number
  /** Takes what undici does not, and what the backend closed its connection on, unanswered. */
  readonly passAgain: Pass
}

/** The quick road, on undici, for what {@link isPlain} says can take it; see ADR 0011. */
export function openPoolRoad({ address }: Target, { requestHeaders, headersMs, passAgain }: PoolRoadOptions): PoolRoad {
  const { socketPath } = address
  const connect = { timeout: connectMs, ...(socketPath === undefined ? {} : { socketPath }) }
  const pool = new Pool(originOf(address), { connect, headersTimeout: headersMs, bodyTimeout: 0, pipelining: 1 })
  return {
    pass(request, response) {
      const headers = requestHeaders(request)
      pool.dispatch({ method: 'GET', path: request.url as string, headers }, new PageExchange(request, response, passAgain))
    },
    close() {
      void pool.destroy()
    },
  }
}

/** Most of what a page asks: a GET without a body, to one host, by path. */
export function isPlain({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    (url as string).startsWith('/') &&
    headers.host !== undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  )
}

/** A connection to a Unix socket needs an origin too; the `Host` that is sent is the client's. */
function originOf({ host, port }: Address): string {
  if (host === undefined) return 'http://localhost'
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
