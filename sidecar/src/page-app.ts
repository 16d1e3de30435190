import { notUnder } from '@postern/core'
import { securityMiddleware } from '@postern/express'
import { currentRuntime, type NodeListener, refuseAtDoor, type Serving } from '@postern/instance'
import { Refusal } from '@postern/ports'
import express, { type Express, type RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'

/** How many requests per minute one address may send to everything but the API. */
const otherRequestsPerMinute = 600

/** The Express application for everything but the API, if there is no backend. */
export function createPageApp(instance: Serving, pages?: (app: Express) => void): NodeListener {
  const app = express()
  app.disable('x-powered-by')
  app.use(currentSecurity(instance))
  app.use(
    rateLimit({
      windowMs: 60_000,
      limit: otherRequestsPerMinute,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      handler: (request, response) => {
        refuseAtDoor(instance, request, response, new Refusal('rate_limited', { retryAfterSeconds: 60 }))
      },
    }),
  )
  pages?.(app)
  app.use((request, response) => {
    refuseAtDoor(instance, request, response, notUnder(currentRuntime(instance).config.mount, request.path))
  })
  app.use((error: Error, request: express.Request, response: express.Response, _next: express.NextFunction) => {
    const refusal = isRequestFault(error) ? new Refusal('request_malformed') : new Refusal('internal_error', { cause: error })
    refuseAtDoor(instance, request, response, refusal)
  })
  return app
}

function isRequestFault(error: Error): boolean {
  return 'status' in error && typeof error.status === 'number' && error.status >= 400 && error.status < 500
}

/** The security headers of pages, as the configuration in use wants them. */
function currentSecurity(instance: Serving): RequestHandler {
  const make = () => ({
    config: currentRuntime(instance).config,
    middleware: securityMiddleware(currentRuntime(instance).config.browser.hsts),
  })
  let made = make()
  return (request, response, next) => {
    if (made.config !== currentRuntime(instance).config) made = make()
    made.middleware(request, response, next)
  }
}
