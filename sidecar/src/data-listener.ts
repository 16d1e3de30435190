import { createServer, type Server } from 'node:http'
import { createNodeDoor, guardServer, type NodeListener, Refusal, refuseAtDoor, type Runtime } from '@postern/core'
import { securityMiddleware } from '@postern/express'
import express, { type Express } from 'express'
import { rateLimit } from 'express-rate-limit'

/** Requests of one address to everything but the API, per minute. */
const otherRequestsPerMinute = 600

/** Longer than the idle time of the usual load balancers, so that they and not we close a connection. */
const keepAliveMs = 75_000

/** The data listener: the fast door to the corridor, and an Express application for everything else. */
export function createDataListener(runtime: Runtime, pages?: (app: Express) => void): Server {
  // A request without a host is refused in the corridor, with an id; Node's own refusal has none.
  const options = { keepAliveTimeout: keepAliveMs, requireHostHeader: false }
  return guardServer(createServer(options, createNodeDoor(runtime, createPageApp(runtime, pages))), runtime)
}

function createPageApp(runtime: Runtime, pages?: (app: Express) => void): NodeListener {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityMiddleware())
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
    refuseAtDoor(runtime, request, response, new Refusal('not_found'))
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
