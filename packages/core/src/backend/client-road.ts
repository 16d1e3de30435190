import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http'
import { Agent as TlsAgent, request as requestHttps } from 'node:https'
import { connectMs } from './connect-ms.js'
import type { RequestHeaders } from './request-headers.js'
import { isRepeatable } from './is-repeatable.js'
import { passedToClient } from './passed-headers.js'
import { refuse } from './refuse.js'
import type { Target } from './target.js'
import { webSocket } from '../doors/asks-for-web-socket.js'

/** What an answer is that nobody can read on. */
export const switched = 'The backend changed to a protocol that nobody asked for.'

/** Passes a request on, and the answer back. */
export type Pass = (request: IncomingMessage, response: ServerResponse) => void

export interface ClientRoad {
  readonly pass: Pass
  /** Begins a request that asks for a WebSocket, on a connection of its own. */
  upgrade(request: IncomingMessage): ClientRequest
  close(): void
}

/** The road that everything can take, on Node's own client: any method and target, bodies both ways, upgrades. */
export function openClientRoad({ secure, address }: Target, requestHeaders: RequestHeaders, headersMs: number): ClientRoad {
  const agent = secure ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
  const { host, port, socketPath } = address
  const send = secure ? requestHttps : requestHttp

  const begin = (request: IncomingMessage, headers: string[], through: Agent | false): ClientRequest =>
    send({ host, port, socketPath, method: request.method, path: request.url, headers, agent: through })

  function attempt(request: IncomingMessage, response: ServerResponse, again: boolean): void {
    const upstream = begin(request, requestHeaders(request), agent)
    const leave = (): void => {
      upstream.destroy()
    }
    response.once('close', leave)
    watchTime(upstream, headersMs)
    const fail = (error: Error): void => {
      response.off('close', leave)
      if (response.headersSent || response.destroyed) response.destroy()
      // The backend closed a connection just as it was used again; nothing of this request was read.
      else if (again && upstream.reusedSocket && isRepeatable(request)) attempt(request, response, false)
      else refuse(request, response, error)
    }
    upstream.on('response', (answer) => passAnswer(answer, upstream, response))
    upstream.on('upgrade', (_, socket) => {
      // Nobody asked for it (RFC 9110, 7.8). Node says nothing more of a connection that it gave away.
      socket.destroy()
      fail(new Error(switched))
    })
    upstream.on('error', fail)
    if (isRepeatable(request)) upstream.end()
    else request.pipe(upstream)
  }

  return {
    pass: (request, response) => attempt(request, response, true),
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

/** A connection must come about soon, and an answer begin soon after the request was sent; sending may take as long as the client takes. */
function watchTime(upstream: ClientRequest, headersMs: number): void {
  const late = (): void => {
    upstream.destroy(Object.assign(new Error('The backend did not answer in time.'), { code: 'ETIMEDOUT' }))
  }
  let timer: NodeJS.Timeout | undefined
  const wait = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(late, ms)
  }
  const stop = (): void => clearTimeout(timer)
  upstream.once('socket', (socket) => {
    if (!socket.connecting) return
    wait(connectMs)
    socket.once('connect', stop)
  })
  upstream.on('finish', () => wait(headersMs))
  upstream.on('response', stop)
  upstream.on('upgrade', stop)
  upstream.on('close', stop)
}

function passAnswer(answer: IncomingMessage, upstream: ClientRequest, response: ServerResponse): void {
  if (answer.statusCode === 101) {
    upstream.destroy(new Error(switched))
    return
  }
  try {
    response.writeHead(
      answer.statusCode as number,
      answer.statusMessage ?? '',
      passedToClient(answer.rawHeaders, answer.headers.connection),
    )
  } catch (error) {
    // Node reads heads that it does not write.
    upstream.destroy(error as Error)
    return
  }
  setImmediate(sendHead, response, answer)
  // A connection that breaks is passed on as one: the client must see that it has a part only.
  answer.once('error', () => response.destroy())
  answer.pipe(response)
}

/** What comes event by event must not wait for its first; what comes at once leaves with its head in one piece. */
function sendHead(response: ServerResponse, answer: IncomingMessage): void {
  if (!answer.readableDidRead && !response.writableEnded && !response.destroyed) response.flushHeaders()
}
