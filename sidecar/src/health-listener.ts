import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { boundProbes } from './bound-probes.js'
import { createGuardedServer } from './guarded-server.js'
import type { Readiness } from './readiness/readiness.js'

/**
 * How long what is known counts, in milliseconds: however many probes there are, the process looks once in that time. That it leaves is
 * known at once: the process that follows asks here as soon as it starts.
 */
const freshMs = 1000

const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', Connection: 'close' }

/**
 * A listener for probes, which others may see: whether the process lives and is ready, in fixed words and without detail. It
 * reads no body, has no power, and takes nothing from the listeners for calls.
 */
export function createHealthListener(readiness: Readiness): Server {
  let known: Promise<boolean> | undefined
  let knownAt = -Infinity

  async function isReady(): Promise<boolean> {
    if (readiness.isLeaving) return false
    if (known === undefined || performance.now() - knownAt >= freshMs) {
      knownAt = performance.now()
      known = readiness.look().then(
        ({ status }) => status === 'ready',
        () => false,
      )
    }
    return (await known) && !readiness.isLeaving
  }

  async function answer({ method, url: path, headers: { host }, httpVersion }: IncomingMessage): Promise<Answer> {
    if (host === undefined && httpVersion === '1.1') return [400, 'bad request']
    if (path !== '/livez' && path !== '/healthz' && path !== '/readyz') return [404, 'not found']
    if (method !== 'GET' && method !== 'HEAD') return [405, 'method not allowed']
    if (path !== '/readyz') return [200, 'ok']
    return (await isReady()) ? [200, 'ready'] : [503, 'not ready']
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => write(response, await answer(request))
  return createGuardedServer({ maxHeaderSize: 8192 }, handle, (server) => {
    boundProbes(server)
    // No body is read, so nobody is told to go on and send one.
    server.on('checkContinue', handle)
    server.on('checkExpectation', (_request, response: ServerResponse) => write(response, [417, 'expectation failed']))
    server.on('clientError', (_error, socket: Duplex) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'))
    server.on('connect', (_request, socket: Duplex) => socket.destroy())
  })
}

type Answer = readonly [status: number, text: string]

/** Each answer is the last one on its connection. */
function write(response: ServerResponse, [status, text]: Answer): void {
  response.writeHead(status, status === 405 ? { ...headers, Allow: 'GET, HEAD' } : headers)
  response.end(`${text}\n`)
}
