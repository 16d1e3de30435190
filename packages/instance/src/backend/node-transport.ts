import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http'
import { Agent as TlsAgent, request as requestHttps } from 'node:https'
import { hearLastWords, maxAnswerHeadBytes, type Slot } from '@postern/core'
import { Refusal } from '@postern/ports'
import { webSocket } from '../doors/asks-for-web-socket.js'
import { isClientGone, onceClientGone, refusedBody } from './client-gone.js'
import { connectMs } from './transport.js'
import { faultOfAnswer, switched } from './fault-of-answer.js'
import { isRepeatable } from './is-repeatable.js'
import type { Outage } from './outage.js'
import { passedToClient } from './passed-headers.js'
import { plainReason } from './plain-reason.js'
import { readRest } from './read-rest.js'
import { breakOff, refuse } from './refuse.js'
import type { RequestHeaders } from './request-headers.js'
import type { Pass } from './transport.js'
import type { Target } from './target.js'

export interface NodeTransport {
  readonly pass: Pass
  /** The same for a request that was sent before: it is sent once, on a new connection. */
  readonly passAgain: Pass
  /** Begins a request that asks for a WebSocket, on a connection of its own. */
  upgrade(request: IncomingMessage): ClientRequest
  close(): void
}

export interface NodeTransportOptions {
  readonly requestHeaders: RequestHeaders
  readonly headersMs: number
  /** The most connections to the backend that are open at once. */
  readonly connections: number
  readonly outage: Outage
}

/** The transport for all requests, on Node's own client: any method and target, streamed bodies, WebSockets. See ADR 0011. */
export function openNodeTransport({ secure, address }: Target, options: NodeTransportOptions): NodeTransport {
  const { requestHeaders, headersMs, connections, outage } = options
  const settings = { keepAlive: true, maxSockets: connections }
  const agent = secure ? new TlsAgent(settings) : new Agent(settings)
  const { host, port, socketPath } = address
  const send = secure ? requestHttps : requestHttp

  /** The parser is strict even under `--insecure-http-parser`; `maxHeadersCount` 0 keeps every header line of an answer. */
  const begin = (request: IncomingMessage, headers: string[], through: Agent | false): ClientRequest => {
    const { method, url: path } = request
    const upstream = send({
      host,
      port,
      socketPath,
      method,
      path,
      headers,
      agent: through,
      insecureHTTPParser: false,
      maxHeaderSize: maxAnswerHeadBytes,
    })
    upstream.maxHeadersCount = 0
    upstream.once('socket', hearLastWords)
    return upstream
  }

  /** @param isLast The request was sent before. On a new connection it cannot meet one that the backend is closing. */
  function attempt(request: IncomingMessage, response: ServerResponse, turn: Slot, body: Buffer | null, isLast: boolean): void {
    const upstream = begin(request, requestHeaders(request), isLast ? false : agent)
    let settled = false
    onceClientGone(request, response, () => upstream.destroy())
    const stall = watchTime(upstream, headersMs)
    const fail = (error: Error): void => {
      if (settled) return
      settled = true
      if (isClientGone(request, response)) return
      // Probably the backend closed an idle connection just as this request reused it: send the request once more.
      if (!isLast && !response.headersSent && upstream.reusedSocket && isRepeatable(request)) {
        upstream.off('close', turn.over)
        attempt(request, response, turn, body, true)
        return
      }
      if (!response.headersSent && !(error instanceof Refusal)) outage.failed(error)
      refuse(request, response, error)
    }
    upstream.on('response', (answer) => {
      outage.answered()
      turn.begun()
      passAnswer(answer, response, (error) => {
        fail(error)
        upstream.destroy()
      })
    })
    upstream.on('upgrade', (_, socket) => {
      // The request had no `Upgrade`, so a 101 is an error (RFC 9110, 7.8). Node has detached the socket: destroy it here.
      socket.on('error', () => {})
      socket.destroy()
      fail(new Error(switched))
    })
    upstream.on('error', fail)
    upstream.once('close', turn.over)
    if (body !== null) upstream.end(body)
    else if (isRepeatable(request)) upstream.end()
    else {
      turn.sending()
      upstream.once('finish', turn.sent)
      sendBody(request, upstream, stall)
      response.once('finish', () => readRest(request))
    }
  }

  return {
    pass: (request, response, turn, body) => attempt(request, response, turn, body, false),
    passAgain: (request, response, turn, body) => attempt(request, response, turn, body, true),
    upgrade(request) {
      const headers = requestHeaders(request)
      headers.push('Connection', 'Upgrade', 'Upgrade', webSocket)
      const upstream = begin(request, headers, false)
      watchTime(upstream, headersMs)
      return upstream
    },
    close: () => agent.destroy(),
  }
}

/** Streams the client's body to the backend. If the body is destroyed with a refusal, so is the request to the backend. */
function sendBody(request: IncomingMessage, upstream: ClientRequest, stall: Stall): void {
  const stop = (): void => {
    const refusal = refusedBody(request)
    if (refusal !== undefined) upstream.destroy(refusal)
  }
  request.once('close', stop)
  request.on('pause', stall)
  request.once('end', stall)
  request.pipe(upstream)
  if (request.destroyed) stop()
}

/** Starts the timer that {@link watchTime} keeps: the backend must now read more of the body, or answer. */
type Stall = () => void

/**
 * Destroys the request with `ETIMEDOUT` if connecting takes longer than `connectMs`, if no answer begins within
 * `headersMs` of sending the request, or if the backend reads nothing of the body for `headersMs`. How long the client
 * takes to send its body does not count.
 */
function watchTime(upstream: ClientRequest, headersMs: number): Stall {
  const late = (): void => {
    upstream.destroy(Object.assign(new Error('The backend did not answer in time.'), { code: 'ETIMEDOUT' }))
  }
  let timer: NodeJS.Timeout | undefined
  let connects = false
  let answers = false
  const wait = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(late, ms)
  }
  const stop = (): void => clearTimeout(timer)
  const stall = (): void => {
    if (!connects && !answers) wait(headersMs)
  }
  upstream.once('socket', (socket) => {
    if (!socket.connecting) return
    connects = true
    wait(connectMs)
    socket.once('connect', () => {
      connects = false
      stop()
      if (upstream.writableNeedDrain) stall()
    })
  })
  upstream.on('drain', stop)
  upstream.on('finish', stall)
  upstream.on('response', () => {
    answers = true
    stop()
  })
  upstream.on('upgrade', stop)
  upstream.on('close', stop)
  return stall
}

function passAnswer(answer: IncomingMessage, response: ServerResponse, fail: (error: Error) => void): void {
  const fault = faultOfAnswer(answer)
  if (fault !== undefined) {
    fail(fault)
    return
  }
  answer.on('error', () => breakOff(response))
  try {
    response.writeHead(
      answer.statusCode as number,
      plainReason(answer.statusMessage),
      passedToClient(answer.statusCode as number, answer.rawHeaders, answer.headers.connection),
    )
  } catch (error) {
    // Node's parser accepts some heads that `writeHead` refuses.
    fail(error as Error)
    return
  }
  setImmediate(sendHead, response, answer)
  answer.pipe(response)
}

/**
 * Sends the head alone if no body has been read yet: a client of an event stream must see the head before the first event.
 * If the body came at once, head and body leave in one write.
 */
function sendHead(response: ServerResponse, answer: IncomingMessage): void {
  if (!answer.readableDidRead && !response.writableEnded && !response.destroyed) response.flushHeaders()
}
