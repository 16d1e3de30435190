import { createServer, type RequestListener, type Server } from 'node:http'
import {
  faultOfTargetForExpress,
  findFault,
  Refusal,
  refuseAtDoor,
  refuseBrokenRequest,
  refuseConnect,
  refuseExpectations,
  type Runtime,
  type Secret,
  takeOriginForm,
} from '@postern/core'
import { securityMiddleware } from '@postern/express'
import express from 'express'
import { createAdminApi } from './admin-api.js'

/** The help of `not_found`: the paths that exist here. */
const adminPaths =
  'This is the admin listener: GET /healthz, GET /readyz, POST /admin/v1/sessions, POST /admin/v1/revocations. The API lives on the data listener.'

/** The admin listener: health, readiness and the admin API. On its own socket or port, never on the data listener. */
export function createAdminListener(runtime: Runtime, secret: Secret | undefined): Server {
  const { admin } = runtime.config
  const app = express()
  app.disable('x-powered-by')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.use(securityMiddleware())
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  app.get('/readyz', (_request, response) => {
    response.status(runtime.draining ? 503 : 200).json({ status: runtime.draining ? 'draining' : 'ready' })
  })
  app.use('/admin/v1', createAdminApi({ runtime, secret, onSocket: admin !== undefined && 'socket' in admin }))
  app.use((request, response) => {
    refuseAtDoor(runtime, request, response, new Refusal('not_found', { help: adminPaths }))
  })
  // A request without `Host` is refused below, with a request id; Node's own refusal has none.
  const server = createServer(
    { requireHostHeader: false, insecureHTTPParser: false },
    inTurns((request, response) => {
      takeOriginForm(request)
      const fault = findFault(request) ?? faultOfTargetForExpress(request)
      if (fault === undefined) app(request, response)
      else refuseAtDoor(runtime, request, response, fault)
    }),
  )
  server.on('clientError', refuseBrokenRequest)
  server.on('connect', refuseConnect)
  refuseExpectations(server, runtime)
  // Node would queue the 100 of a pipelined request, and may put it within that request's answer.
  server.on('checkContinue', (request, response) => {
    if (response.socket !== null) response.writeContinue()
    server.emit('request', request, response)
  })
  return server
}

/**
 * Handles one request in each turn of the event loop. Node hands over all requests of one piece in one turn, and many of them
 * together would hold up the calls on the data listener.
 */
function inTurns(handle: RequestListener): RequestListener {
  const waiting: Parameters<RequestListener>[] = []
  const next = (): void => {
    const [request, response] = waiting.shift() as Parameters<RequestListener>
    if (waiting.length > 0) setImmediate(next)
    handle(request, response)
  }
  return (request, response) => {
    waiting.push([request, response])
    if (waiting.length === 1) setImmediate(next)
  }
}
