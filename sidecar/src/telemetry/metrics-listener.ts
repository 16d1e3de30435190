import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { isLoopback } from '@postern/config'
import type { Log } from '@postern/ports'
import { boundProbes } from '../bound-probes.js'
import { createGuardedServer } from '../guarded-server.js'
import type { Expose } from './exposition.js'

const plain = 'text/plain; charset=utf-8'
const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', Connection: 'close' }

/** How long the metrics that were written are given out, in milliseconds: the process writes them once in that time, however many programs ask. */
const freshMs = 1000

export interface MetricsListenerOptions {
  readonly expose: Expose
  /** Where it listens. On a loopback address, only programs of this machine that say so in `Host` get an answer. */
  readonly host: string
  readonly log: Log
}

/**
 * A listener for Prometheus alone. It asks for no credential, reads no body and changes nothing, and its connections do not count among those
 * of the listeners for calls.
 */
export function createMetricsListener({ expose, host: listensOn, log }: MetricsListenerOptions): Server {
  const isPrivate = isLoopback(listensOn)
  let known: Promise<Answer> | undefined
  let knownAt = -Infinity

  function read(): Promise<Answer> {
    if (known === undefined || performance.now() - knownAt >= freshMs) {
      knownAt = performance.now()
      known = expose().then(
        ({ contentType, text }): Answer => [200, text, contentType],
        (error: unknown): Answer => {
          log('error', 'metrics_unavailable', { reason: String(error) })
          return [500, 'failed\n', plain]
        },
      )
    }
    return known
  }

  async function answer({ method, url: path, headers: { host }, httpVersion }: IncomingMessage): Promise<Answer> {
    if (host === undefined && httpVersion === '1.1') return [400, 'bad request\n', plain]
    // DNS rebinding: the name of a foreign page may lead to this machine. The browser then sends that name as `Host`.
    if (isPrivate && host !== undefined && !isLoopback(host.toLowerCase().replace(/:\d+$/, '')))
      return [421, 'misdirected request\n', plain]
    if (path !== '/metrics') return [404, 'not found\n', plain]
    if (method !== 'GET' && method !== 'HEAD') return [405, 'method not allowed\n', plain]
    return read()
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    write(response, await answer(request), request.method === 'HEAD')
  }
  return createGuardedServer({ maxHeaderSize: 8192 }, handle, (server) => {
    boundProbes(server)
    // No body is read, so no client gets a 100 that asks for one.
    server.on('checkContinue', handle)
    server.on('checkExpectation', (_request, response: ServerResponse) => write(response, [417, 'expectation failed\n', plain], false))
    server.on('clientError', (_error, socket: Duplex) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'))
    server.on('connect', (_request, socket: Duplex) => socket.destroy())
  })
}

type Answer = readonly [status: number, text: string, contentType: string]

/** Writes an answer. Each answer is the last one on its connection. */
function write(response: ServerResponse, [status, text, contentType]: Answer, isHead: boolean): void {
  const about = { ...headers, 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text) }
  response.writeHead(status, status === 405 ? { ...about, Allow: 'GET, HEAD' } : about)
  response.end(isHead ? undefined : text)
}
