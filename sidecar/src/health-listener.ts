import { createServer, type Server } from 'node:http'
import type { Readiness } from './readiness/readiness.js'

/** How many probes may be connected at once. */
const mostConnections = 64

/** How long a probe may take for its request, in milliseconds. */
const requestMs = 5000

/** How long what is known counts, in milliseconds: however many probes there are, the process looks once in that time. */
const freshMs = 1000

const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', Connection: 'close' }

/**
 * A listener for probes, which others may see: whether the process lives and is ready, in fixed words and without detail. It
 * reads no body, has no power, and takes nothing from the listeners for calls.
 */
export function createHealthListener(readiness: Readiness): Server {
  let known: Promise<boolean> | undefined
  let knownAt = -Infinity

  function isReady(): Promise<boolean> {
    if (known === undefined || performance.now() - knownAt >= freshMs) {
      knownAt = performance.now()
      known = readiness.look().then(
        ({ status }) => status === 'ready',
        () => false,
      )
    }
    return known
  }

  async function answer(method: string | undefined, path: string | undefined): Promise<readonly [status: number, text: string]> {
    if (path !== '/livez' && path !== '/healthz' && path !== '/readyz') return [404, 'not found']
    if (method !== 'GET' && method !== 'HEAD') return [405, 'method not allowed']
    if (path !== '/readyz') return [200, 'ok']
    return (await isReady()) ? [200, 'ready'] : [503, 'not ready']
  }

  const limits = { maxHeaderSize: 8192, headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: 1000 }
  const server = createServer(limits, async (request, response) => {
    const [status, text] = await answer(request.method, request.url)
    response.writeHead(status, status === 405 ? { ...headers, Allow: 'GET, HEAD' } : headers)
    response.end(`${text}\n`)
  })
  server.maxConnections = mostConnections
  return server
}
