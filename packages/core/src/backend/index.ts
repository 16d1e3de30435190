import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type RequestOptions,
  type ServerResponse,
} from 'node:http'
import { Agent as TlsAgent, request as requestHttps } from 'node:https'
import type { Duplex } from 'node:stream'
import { discardBody } from '../doors/discard-body.js'
import type { IsTrusted } from '../trusted-peers.js'
import { forwardedHeaders } from './forwarded.js'
import { passedToBackend, passedToClient } from './passed-headers.js'
import { refuseForBackend } from './refuse-for-backend.js'
import { tunnel } from './tunnel.js'

/** How long a connection may take, in milliseconds. */
const connectMs = 5000

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
  /** For the head of an answer once the request is sent, in milliseconds. */
  readonly headersMs: number
}

/** Opens the one road to the backend. Written on Node's own client, whose answers may be a 304 or a 204 of any form; see ADR 0011. */
export function createBackend({ url, isTrusted, headersMs }: BackendOptions): Backend {
  const { target, secure } = targetOf(url)
  const agent = secure ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
  const send = secure ? requestHttps : requestHttp
  const upgraded = new Set<Duplex>()

  const optionsOf = (request: IncomingMessage, ...further: readonly string[]): RequestOptions => ({
    ...target,
    method: request.method,
    path: request.url,
    headers: [...passedToBackend(request.rawHeaders, request.headers.connection), ...forwardedHeaders(request, isTrusted), ...further],
  })

  return {
    pass(request, response) {
      const chunked = request.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked']
      const attempt = (again: boolean): void => {
        const upstream = send({ ...optionsOf(request, ...chunked), agent })
        const leave = (): void => {
          upstream.destroy()
        }
        response.once('close', leave)
        watchTime(upstream, headersMs)
        upstream.once('response', (answer) => begin(answer, upstream, response))
        upstream.on('error', (error) => {
          response.off('close', leave)
          if (response.headersSent || response.destroyed) response.destroy()
          // The backend closed a connection just as it was used again; nothing of this request was read.
          else if (again && upstream.reusedSocket && isRepeatable(request)) attempt(false)
          else refuse(request, response, error)
        })
        if (isRepeatable(request)) upstream.end()
        else request.pipe(upstream)
      }
      attempt(true)
    },
    upgrade(request, socket, head) {
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
      const protocol = ['Connection', 'Upgrade', 'Upgrade', request.headers.upgrade as string]
      tunnel(send({ ...optionsOf(request, ...protocol), agent: false }), request, socket, head)
    },
    close() {
      for (const socket of upgraded) socket.destroy()
      agent.destroy()
    },
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
  upstream.once('socket', (socket) => {
    if (!socket.connecting) return
    wait(connectMs)
    socket.once('connect', () => clearTimeout(timer))
  })
  upstream.once('finish', () => wait(headersMs))
  upstream.once('response', () => clearTimeout(timer))
  upstream.once('close', () => clearTimeout(timer))
}

function begin(answer: IncomingMessage, upstream: ClientRequest, response: ServerResponse): void {
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
  // What comes event by event must not wait for its first.
  response.flushHeaders()
  // A connection that breaks is passed on as one: the client must see that it has a part only.
  answer.once('error', () => response.destroy())
  answer.pipe(response)
}

function refuse(request: IncomingMessage, response: ServerResponse, error: Error): void {
  const { status, headers, body } = refuseForBackend(error, request)
  response.writeHead(status, headers)
  response.end(request.method === 'HEAD' ? undefined : body)
  request.unpipe()
  discardBody(request, response)
}

/** It has no body, and asking twice is like asking once. */
function isRepeatable({ method, headers }: IncomingMessage): boolean {
  const empty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
  return empty && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}

function targetOf(url: string): { readonly target: RequestOptions; readonly secure: boolean } {
  if (url.startsWith('unix:')) return { target: { socketPath: url.slice('unix:'.length) }, secure: false }
  const { hostname, port, protocol } = new URL(url)
  const secure = protocol === 'https:'
  return { target: { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (secure ? 443 : 80) : Number(port) }, secure }
}
