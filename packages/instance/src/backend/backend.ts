import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Assertions } from '../assertion/assertions.js'
import { fitBounds, defaultConnectionSettings } from '../connections/bounds.js'
import { type Connections, createConnections } from '../connections/connections.js'
import type { IsTrusted } from '@postern/config'
import { type Listed, OpenList, type Slot } from '@postern/core'
import type { CookieMemory } from '@postern/identity'
import { cutAtShutdown, type Witness } from '@postern/ports'
import { createPublicAddress } from '../doors/read-public-address.js'
import { isClientGone, isSocketGone, onceClientGone, refusedBody } from './client-gone.js'
import { openNodeTransport } from './node-transport.js'
import { type EarlyBytes, readEarlyBytes } from './early-bytes.js'
import { connectMs } from './transport.js'
import { findFault } from './check-framing.js'
import { statusOf } from './noted-ends.js'
import { createOutage } from './outage.js'
import { ping } from './ping.js'
import { isPlain, openUndiciTransport } from './undici-transport.js'
import { refuse } from './refuse.js'
import { createRequestHeaders } from './request-headers.js'
import { isSmallBody, readSmallBody } from './small-body.js'
import { takeTurn } from './take-turn.js'
import { targetOf } from './target.js'
import { createTellEnded } from './tell-ended.js'
import { refuseOnTunnel, tunnel } from './tunnel.js'
import { watchAnswer, watchUpgrade } from './watch-cookies.js'

/** The customer's own server, which answers every request outside the mount. */
export interface Backend {
  /**
   * Passes a request on, and the answer back. Method, target and body stay as they came; headers about hops, framing and
   * the client are rewritten (ADR 0011). If the backend gives no answer, the client gets 502 `backend_failed`, 503
   * `backend_unavailable` or 504 `backend_timeout`; a malformed request gets what {@link findFault} returns.
   */
  pass(request: IncomingMessage, response: ServerResponse): void
  /** Passes on a request for a WebSocket: for a server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Refuses every request whose answer has not begun, with 503 `draining`: for the deadline of a shutdown. */
  cut(): void
  /** Closes the connections once the last request and the last upgraded connection have ended. Pass no more requests to it. */
  retire(): Promise<void>
  /** Destroys upgraded connections and closes those to the backend. */
  close(): void
}

/** A request whose answer may not have begun. */
interface Unanswered extends Listed {
  readonly refuse: () => void
}

/** The options of {@link createBackend}. */
export interface BackendOptions {
  /** `http://127.0.0.1:3000`, `https://…`, or `unix:/run/app.sock`. A path in it is ignored. */
  readonly url: string
  /** Whether a peer is a trusted proxy: then its headers about the client are passed on. */
  readonly isTrusted: IsTrusted
  /** Bounds what one client may take. Default: its own, with the default settings of `connections`. */
  readonly connections?: Connections | undefined
  /** `undefined`: the backend is not told who is calling. */
  readonly assertions?: Assertions | undefined
  /** Answers about cookies, to be forgotten when a request may change whose a cookie is. `undefined`: no `callers.forwardAuth`. */
  readonly cookies?: CookieMemory | undefined
  /**
   * How long the head of an answer may take after the request was sent, in milliseconds. Required. While the queue does not
   * move, a request waits in it for at most this plus {@link connectMs}; then it gets 504 `backend_timeout`.
   */
  readonly headersMs: number
  /** Is told when an outage begins and ends, and how each request ended. Default: nobody is. */
  readonly witness?: Witness | undefined
  /** Whether the witness is told what was asked, also of requests that the backend answered. Default: it is not. */
  readonly keepsAccess?: (() => boolean) | undefined
  /** Replaces secrets in what the witness is told. Default: nothing is replaced. */
  readonly redact?: ((text: string) => string) | undefined
}

/**
 * Opens the two transports to the backend: undici's pool for simple requests over plain HTTP, Node's client for all
 * others. See ADR 0011.
 *
 * @throws {TypeError} if `url` is neither a URL nor begins with `unix:`.
 */
export function createBackend(options: BackendOptions): Backend {
  const { url, isTrusted, connections = defaultConnections(isTrusted), assertions, cookies, headersMs, witness = () => {} } = options
  const { keepsAccess = () => false, redact = (text) => text } = options
  const target = targetOf(url)
  const requestHeaders = createRequestHeaders({ isTrusted, assertions, authority: target.authority })
  const outage = createOutage(witness, (signal) => ping(target, signal))
  const tellEnded = createTellEnded({ witness, publicAddress: createPublicAddress(isTrusted), keepsAccess, redact })
  const transportOptions = { requestHeaders, headersMs, connections: connections.bounds.toBackend, outage }
  const client = openNodeTransport(target, transportOptions)
  const pool = target.secure ? undefined : openUndiciTransport(target, { ...transportOptions, fallback: client })
  /** Within this time each request ahead in the queue has the head of its answer, or its timeout. */
  const longestWaitMs = connectMs + headersMs
  const upgraded = new Set<Duplex>()
  const unanswered = new OpenList<Unanswered>()
  let onIdle: (() => void) | undefined

  function close(): void {
    for (const socket of upgraded) socket.destroy()
    outage.close()
    client.close()
    pool?.close()
  }

  function closeIfIdle(): void {
    if (onIdle === undefined || upgraded.size > 0 || unanswered.size > 0) return
    close()
    onIdle()
  }

  /** @param refuseIt Refuses the request if no byte of an answer was sent yet. */
  function mayBeCut(refuseIt: () => void): Unanswered {
    const waiting = { place: -1, refuse: refuseIt }
    unanswered.add(waiting)
    return waiting
  }

  /** If assertions are configured and the request has a credential, identifies the caller first; then calls `go`. */
  function identified(request: IncomingMessage, go: () => void): void {
    if (assertions === undefined || !assertions.hasCredential(request)) go()
    else void assertions.prepare(request).then(go)
  }

  function ask(request: IncomingMessage, response: ServerResponse, body: Buffer | null): void {
    const refuseIt = (error: Error): void => refuse(request, response, error)
    const go = (turn: Slot): void => {
      const refused = body === null ? refusedBody(request) : undefined
      const transport = pool !== undefined && isPlain(request) ? pool : client
      try {
        if (refused !== undefined) throw refused
        if (isClientGone(request, response) || response.headersSent) turn.over()
        else transport.pass(request, response, turn, body)
      } catch (error) {
        // Both HTTP clients throw if they refuse to send a request.
        turn.over()
        refuseIt(error as Error)
      }
    }
    // The client may leave, or be refused, while its body is read, while it waits and while it is identified: then the backend
    // is not called.
    if (isClientGone(request, response) || response.headersSent) return
    const come = (turn: Slot): void => identified(request, () => go(turn))
    takeTurn(connections, { request, sink: response }, { come, refuse: refuseIt, longestWaitMs, bodyBytes: body?.length ?? 0 })
  }

  function join(request: IncomingMessage, socket: Socket, early: EarlyBytes, turn: Slot): void {
    // The socket is ended, and not yet gone, if the request was refused while it waited.
    if (isSocketGone(socket) || socket.writableEnded) {
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

  /** Calls `over` once when the client has left or has its whole answer, and tells how the request ended. */
  function onceOver(request: IncomingMessage, response: ServerResponse, over: () => void): void {
    const startedAt = performance.now()
    let isOver = false
    onceClientGone(request, response, () => {
      if (isOver) return
      isOver = true
      over()
      tellEnded(request, response.headersSent ? response.statusCode : gone, startedAt)
    })
  }

  return {
    pass(request, response) {
      if (cookies !== undefined) watchAnswer(request, response, cookies)
      const fault = findFault(request)
      if (fault !== undefined) {
        onceOver(request, response, () => {})
        refuse(request, response, fault)
        return
      }
      const waiting = mayBeCut(() => {
        // If this body was refused already, the answer is that refusal.
        if (!response.headersSent && refusedBody(request) === undefined) refuse(request, response, cutAtShutdown())
      })
      outage.asked()
      onceOver(request, response, () => {
        outage.over()
        unanswered.delete(waiting)
        closeIfIdle()
      })
      if (pool !== undefined && isPlain(request) && isSmallBody(request))
        readSmallBody(
          request,
          (body) => ask(request, response, body),
          (error) => refuse(request, response, error),
        )
      else ask(request, response, null)
    },
    upgrade(request, connection, head) {
      const socket = connection as Socket
      const startedAt = performance.now()
      socket.once('close', () => tellEnded(request, statusOf(request) ?? gone, startedAt))
      // Node has no `error` listener on a detached socket, and an `error` event without a listener ends the process.
      socket.on('error', () => socket.destroy())
      // A WebSocket may be silent for any time: switch off the server's inactivity timeout.
      socket.setTimeout(0)
      const early = readEarlyBytes(socket, head)
      upgraded.add(socket)
      socket.once('close', () => {
        upgraded.delete(socket)
        closeIfIdle()
      })
      const refuseIt = (error: Error): void => refuseOnTunnel(request, socket, error)
      const fault = findFault(request)
      if (fault !== undefined) {
        refuseIt(fault)
        return
      }
      const { bytesWritten } = socket
      const waiting = mayBeCut(() => {
        if (socket.bytesWritten === bytesWritten) refuseIt(cutAtShutdown())
      })
      outage.asked()
      socket.once('close', () => {
        outage.over()
        unanswered.delete(waiting)
      })
      const come = (turn: Slot): void => identified(request, () => join(request, socket, early, turn))
      takeTurn(connections, { request, sink: socket }, { come, refuse: refuseIt, longestWaitMs, bodyBytes: head.length })
    },
    cut() {
      for (const waiting of unanswered.all()) waiting.refuse()
    },
    retire: () =>
      new Promise((resolve) => {
        onIdle = resolve
        closeIfIdle()
      }),
    close,
  }
}

/** What is told of a client that left before the head of its answer was sent. */
const gone = 499

function defaultConnections(isTrusted: IsTrusted): Connections {
  const bounds = fitBounds({ connections: defaultConnectionSettings, backend: undefined })
  return createConnections({ bounds, isTrusted, publicAddress: createPublicAddress(isTrusted), networkOf: (address) => address })
}
