import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Assertions } from '../assertion/assertions.js'
import { openClientRoad, type Pass } from './client-road.js'
import { isPlain, openPoolRoad } from './pool-road.js'
import { createRequestHeaders } from './request-headers.js'
import type { IsTrusted } from '../trusted-peers.js'
import { targetOf } from './target.js'
import { tunnel } from './tunnel.js'

/** The customer's own server, which answers everything that is not ours. */
export interface Backend {
  /** Passes a request on unchanged, and the answer back. */
  pass(request: IncomingMessage, response: ServerResponse): void
  /** Passes on a connection that wants to be something else, such as a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Cuts what was upgraded, and closes idle connections. */
  close(): void
}

export interface BackendOptions {
  /** `http://127.0.0.1:3000`, or `unix:/run/app.sock`. */
  readonly url: string
  readonly isTrusted: IsTrusted
  /** `undefined`: the backend is not told who is calling. */
  readonly assertions?: Assertions | undefined
  /** For the head of an answer once the request is sent, in milliseconds. */
  readonly headersMs: number
}

/** Opens the two roads to the backend: a quick one for plain requests, and one for everything. See ADR 0011. */
export function createBackend({ url, isTrusted, assertions, headersMs }: BackendOptions): Backend {
  const target = targetOf(url)
  const requestHeaders = createRequestHeaders(isTrusted, assertions)
  const client = openClientRoad(target, requestHeaders, headersMs)
  const pool = target.secure ? undefined : openPoolRoad(target, { requestHeaders, headersMs, passAgain: client.pass })
  const upgraded = new Set<Duplex>()

  const pass: Pass = (request, response) => {
    if (pool !== undefined && isPlain(request)) pool.pass(request, response)
    else client.pass(request, response)
  }

  return {
    pass(request, response) {
      if (assertions === undefined || !assertions.concerns(request)) pass(request, response)
      else void assertions.prepare(request).then(() => pass(request, response))
    },
    upgrade(request, socket, head) {
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
      if (assertions === undefined || !assertions.concerns(request)) tunnel(client.upgrade(request), request, socket, head)
      else void assertions.prepare(request).then(() => tunnel(client.upgrade(request), request, socket, head))
    },
    close() {
      for (const socket of upgraded) socket.destroy()
      client.close()
      pool?.close()
    },
  }
}
