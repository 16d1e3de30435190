import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type Backend,
  type Log,
  createBackend,
  createNodeDoor,
  createTrust,
  faultOfTargetForExpress,
  findFault,
  guardServer,
  isUnderMount,
  type NodeListener,
  OfferingMessage,
  notUnder,
  Refusal,
  refuseAtDoor,
  refuseUpgrade,
  type Runtime,
  takeOriginForm,
} from '@postern/core'
import { securityMiddleware } from '@postern/express'
import express, { type Express } from 'express'
import { rateLimit } from 'express-rate-limit'

/** Without a backend: how many requests per minute one address may send to everything but the API. */
const otherRequestsPerMinute = 600

/** How long the head of a request may take to arrive, in milliseconds. */
const headersMs = 60_000

export interface DataListenerOptions {
  /** Adds pages beside the API, if there is no backend. */
  readonly pages?: ((app: Express) => void) | undefined
  /** Receives the beginning and the end of an outage of the backend. */
  readonly log?: Log | undefined
}

export interface Listener {
  readonly server: Server
  /** Closes every connection, also those that were upgraded from HTTP. */
  readonly cut: () => void
}

/**
 * The data listener. API calls go straight to the corridor; everything else goes to the backend or, without one, to
 * an Express application.
 */
export function createDataListener(runtime: Runtime, { pages, log }: DataListenerOptions = {}): Listener {
  // A request without `Host` is refused in the corridor, with a request id; Node's own refusal has none.
  const options = {
    keepAliveTimeout: runtime.config.listen.keepAlive,
    headersTimeout: headersMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
  }
  const backend = openBackend(runtime, log)
  const local = backend === undefined ? createPageApp(runtime, pages) : answerKeys(runtime)
  // A request that `findFault` objects to gets no local answer either; `backend.pass` checks for itself.
  const answerLocally: NodeListener = (request, response) => {
    const fault = findFault(request) ?? faultOfTargetForExpress(request)
    if (fault === undefined) local(request, response)
    else refuseAtDoor(runtime, request, response, fault)
  }
  const door = createNodeDoor(runtime, (request, response) => {
    if (backend === undefined || asksForKeys(runtime, request)) answerLocally(request, response)
    else backend.pass(request, response)
  })
  if (backend === undefined) {
    const server = guardServer(createServer(options, door), runtime)
    return { server, cut: () => server.closeAllConnections() }
  }
  const server = guardServer(createServer({ ...options, IncomingMessage: OfferingMessage }, door), runtime)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isUnderMount(runtime.config.mount, takeOriginForm(request))) refuseUpgrade(request, socket)
    else backend.upgrade(request, socket, head)
  })
  return {
    server,
    cut: () => {
      server.closeAllConnections()
      backend.close()
    },
  }
}

/** How long a backend may cache the keys (`max-age`), in seconds. */
const keysMaxAge = 300

/** Whether a request asks for the public keys with which the backend verifies assertions. */
function asksForKeys({ assertions }: Runtime, { url, method }: IncomingMessage): boolean {
  return assertions !== undefined && url === assertions.path && (method === 'GET' || method === 'HEAD')
}

function answerKeys({ assertions }: Runtime): NodeListener {
  const body = Buffer.from(assertions?.jwks ?? '')
  const headers = {
    'Content-Type': 'application/jwk-set+json',
    'Content-Length': body.length,
    'Cache-Control': `public, max-age=${keysMaxAge}`,
  }
  return ({ method }, response) => {
    response.writeHead(200, headers).end(method === 'HEAD' ? undefined : body)
  }
}

function openBackend({ config, assertions, cookies, connections }: Runtime, log: Log | undefined): Backend | undefined {
  const { backend, listen } = config
  if (backend === undefined) return undefined
  const isTrusted = createTrust(listen.trustedProxies)
  return createBackend({ url: backend.url, isTrusted, connections, assertions, cookies, headersMs: backend.timeouts.headers, log })
}

function createPageApp(runtime: Runtime, pages?: (app: Express) => void): NodeListener {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityMiddleware(runtime.config.browser.hsts))
  app.use(
    rateLimit({
      windowMs: 60_000,
      limit: otherRequestsPerMinute,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      handler: (request, response) => {
        refuseAtDoor(runtime, request, response, new Refusal('rate_limited', { retryAfterSeconds: 60 }))
      },
    }),
  )
  pages?.(app)
  app.use((request, response) => {
    refuseAtDoor(runtime, request, response, notUnder(runtime.config.mount))
  })
  app.use((error: Error, request: express.Request, response: express.Response, _next: express.NextFunction) => {
    const refusal = isRequestFault(error) ? new Refusal('request_malformed') : new Refusal('internal_error', { cause: error })
    refuseAtDoor(runtime, request, response, refusal)
  })
  return app
}

function isRequestFault(error: Error): boolean {
  return 'status' in error && typeof error.status === 'number' && error.status >= 400 && error.status < 500
}
