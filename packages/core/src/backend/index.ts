import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Assertions } from '../assertion/assertions.js'
import { fitBounds, usualConnectionSettings } from '../connections/bounds.js'
import { type Connections, createConnections } from '../connections/index.js'
import type { Turn } from '../connections/lines.js'
import type { Log } from '../log.js'
import { createPublicAddress } from '../public-address.js'
import type { IsTrusted } from '../trusted-peers.js'
import { isClientGone, isSocketGone, refusedBody } from './client-gone.js'
import { openClientRoad } from './client-road.js'
import { type EarlyBytes, readEarlyBytes } from './early-bytes.js'
import { connectMs } from './connect-ms.js'
import { findFault } from './find-fault.js'
import { createOutage } from './outage.js'
import { isPlain, openPoolRoad } from './pool-road.js'
import { refuse } from './refuse.js'
import { createRequestHeaders } from './request-headers.js'
import { isSmallBody, readSmallBody } from './small-body.js'
import { takeTurn } from './take-turn.js'
import { targetOf } from './target.js'
import { refuseOnTunnel, tunnel } from './tunnel.js'
import { type CookieMemory, watchAnswer, watchUpgrade } from './watch-cookies.js'

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
  /** What keeps clients within bounds. Default one of its own, with the usual bounds. */
  readonly connections?: Connections | undefined
  /** `undefined`: the backend is not told who is calling. */
  readonly assertions?: Assertions | undefined
  /** Told of what may change whose a cookie is. `undefined`: nothing is known of cookies. */
  readonly cookies?: CookieMemory | undefined
  /** For the head of an answer once the request is sent, in milliseconds; with {@link connectMs} also for the next of a line to get its turn. */
  readonly headersMs: number
  /** Where the begin and the end of an outage are written. Default nowhere. */
  readonly log?: Log | undefined
}

/** Opens the two roads to the backend: a quick one for plain requests, and one for everything. See ADR 0011. */
export function createBackend(options: BackendOptions): Backend {
  const { url, isTrusted, connections = usualConnections(isTrusted), assertions, cookies, headersMs, log = () => {} } = options
  const target = targetOf(url)
  const requestHeaders = createRequestHeaders({ isTrusted, assertions, authority: target.authority })
  const outage = createOutage(log)
  const road = { requestHeaders, headersMs, connections: connections.bounds.toBackend, outage }
  const client = openClientRoad(target, road)
  const pool = target.secure ? undefined : openPoolRoad(target, { ...road, passAgain: client.pass })
  /** Whoever is before it in line gets an answer in that time, or is told that there is none. */
  const longestWaitMs = connectMs + headersMs
  const upgraded = new Set<Duplex>()

  /** Finds out who sends a request, where the backend is told, and goes on. */
  function identified(request: IncomingMessage, go: () => void): void {
    if (assertions === undefined || !assertions.concerns(request)) go()
    else void assertions.prepare(request).then(go)
  }

  function ask(request: IncomingMessage, response: ServerResponse, body: Buffer | null): void {
    const refuseIt = (error: Error): void => refuse(request, response, error)
    const go = (turn: Turn): void => {
      const refused = body === null ? refusedBody(request) : undefined
      const road = pool !== undefined && isPlain(request) ? pool : client
      try {
        if (refused !== undefined) throw refused
        if (isClientGone(request, response)) turn.over()
        else road.pass(request, response, turn, body)
      } catch (error) {
        // Both clients refuse by throwing what they will not send.
        turn.over()
        refuseIt(error as Error)
      }
    }
    // Who has left is not asked for: neither while its body came, nor while it waited or it was found out who that is.
    if (isClientGone(request, response)) return
    const come = (turn: Turn): void => identified(request, () => go(turn))
    takeTurn(connections, { request, sink: response }, { come, refuse: refuseIt, longestWaitMs, bodyBytes: body?.length ?? 0 })
  }

  function join(request: IncomingMessage, socket: Socket, early: EarlyBytes, turn: Turn): void {
    if (isSocketGone(socket)) {
      turn.over()
      return
    }
    try {
      const upstream = client.upgrade(request)
      if (cookies !== undefined) watchUpgrade(upstream, request, cookies)
      tunnel({ upstream, request, socket, early, turn, outage })
    } catch (error) {
      turn.over()
      refuseOnTunnel(request, socket, error as Error)
    }
  }

  return {
    pass(request, response) {
      if (cookies !== undefined) watchAnswer(request, response, cookies)
      const fault = findFault(request)
      if (fault !== undefined) refuse(request, response, fault)
      else if (pool !== undefined && isPlain(request) && isSmallBody(request))
        readSmallBody(
          request,
          (body) => ask(request, response, body),
          (error) => refuse(request, response, error),
        )
      else ask(request, response, null)
    },
    upgrade(request, connection, head) {
      const socket = connection as Socket
      // From here on nobody else listens, and an error that nobody hears ends the process.
      socket.on('error', () => socket.destroy())
      // It may be silent for as long as it likes.
      socket.setTimeout(0)
      const early = readEarlyBytes(socket, head)
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
      const refuseIt = (error: Error): void => refuseOnTunnel(request, socket, error)
      const fault = findFault(request)
      if (fault !== undefined) {
        refuseIt(fault)
        return
      }
      const come = (turn: Turn): void => identified(request, () => join(request, socket, early, turn))
      takeTurn(connections, { request, sink: socket }, { come, refuse: refuseIt, longestWaitMs, bodyBytes: head.length })
    },
    close() {
      for (const socket of upgraded) socket.destroy()
      client.close()
      pool?.close()
    },
  }
}

function usualConnections(isTrusted: IsTrusted): Connections {
  const bounds = fitBounds({ connections: usualConnectionSettings, backend: undefined })
  return createConnections({ bounds, isTrusted, publicAddress: createPublicAddress(isTrusted), networkOf: (address) => address })
}
