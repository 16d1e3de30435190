import { createServer, type Server } from 'node:http'
import type { Runtime } from '@postern/core'
import { securityMiddleware } from '@postern/express'
import express from 'express'

/** The admin listener: whether the process lives and takes requests. On a socket or port of its own, never on the data listener. */
export function createAdminListener(runtime: Runtime): Server {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityMiddleware())
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  app.get('/readyz', (_request, response) => {
    response.status(runtime.draining ? 503 : 200).json({ status: runtime.draining ? 'draining' : 'ready' })
  })
  app.use((_request, response) => {
    response
      .status(404)
      .json({ error: { message: 'There is nothing at this path.', type: 'not_found_error', code: 'not_found', param: null } })
  })
  return createServer(app)
}
