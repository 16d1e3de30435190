import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Assertions } from '../assertion/assertions.js'
import { openClientRoad, type Pass } from './client-road.js'
import { findFault } from './find-fault.js'
import { isPlain, openPoolRoad } from './pool-road.js'
import { refuse } from './refuse.js'
import { createRequestHeaders } from './request-headers.js'
import type { IsTrusted } from '../trusted-peers.js'
import { targetOf } from './target.js'
import { refuseOnTunnel, tunnel } from './tunnel.js'
import { type ForgetCookies, watchAnswer, watchUpgrade } from './watch-cookies.js'

/** The customer's own server, which answers everything that is not ours. */
export interface Backend {
  /** Passes a request on unchanged, and the answer back. */
  pass(request: IncomingMessage, response: ServerResponse): void
  /** Passes on a connection that wants to be a WebSocket. */
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
  /** Told of what may change whose a cookie is. `undefined`: nothing is known of cookies. */
  readonly forgetCookies?: ForgetCookies | undefined
  /** For the head of an answer once the request is sent, in milliseconds. */
  readonly headersMs: number
}

/** Opens the two roads to the backend: a quick one for plain requests, and one for everything. See ADR 0011. */
export function createBackend({ url, isTrusted, assertions, forgetCookies, headersMs }: BackendOptions): Backend {
  const target = targetOf(url)
  const requestHeaders = createRequestHeaders({ isTrusted, assertions, authority: target.authority })
  const client = openClientRoad(target, requestHeaders, headersMs)
  const pool = target.secure ? undefined : openPoolRoad(target, { requestHeaders, headersMs, passAgain: client.pass })
  const upgraded = new Set<Duplex>()

  const pass: Pass = (request, response) => {
    // Who has left while it was found out who that is, is not asked for.
    if (response.destroyed) return
    if (pool !== undefined && isPlain(request)) pool.pass(request, response)
    else client.pass(request, response)
  }

  const join = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (socket.destroyed) return
    const upstream = client.upgrade(request)
    tunnel(forgetCookies === undefined ? upstream : watchUpgrade(upstream, request, forgetCookies), request, socket, head)
  }

  return {
    pass(request, response) {
      if (forgetCookies !== undefined) watchAnswer(request, response, forgetCookies)
      const fault = findFault(request)
      if (fault !== undefined) refuse(request, response, fault)
      else if (assertions === undefined || !assertions.concerns(request)) pass(request, response)
      else void assertions.prepare(request).then(() => pass(request, response))
    },
    upgrade(request, socket, head) {
      // From here on nobody else listens, and an error that nobody hears ends the process.
      socket.on('error', () => socket.destroy())
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
      const fault = findFault(request)
      if (fault !== undefined) refuseOnTunnel(request, socket, fault)
      else if (assertions === undefined || !assertions.concerns(request)) join(request, socket, head)
      else void assertions.prepare(request).then(() => join(request, socket, head))
    },
    close() {
      for (const socket of upgraded) socket.destroy()
      client.close()
      pool?.close()
    },
  }
}
