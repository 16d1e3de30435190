import type { RequestListener, Server } from 'node:http'
import {
  currentRuntime,
  faultOfTargetForExpress,
  findFault,
  refuseOwn,
  refuseBrokenRequest,
  refuseConnect,
  refuseExpectations,
  type Serving,
  takeOriginForm,
} from '@postern/instance'
import { type KeyRing, Refusal, type Secret } from '@postern/ports'
import { securityMiddleware } from '@postern/express'
import express from 'express'
import { createAdminApi } from './admin-api.js'
import type { TellLiveCalls } from './admin/calls.js'
import type { Audit } from './audit/audit.js'
import type { Expose } from './telemetry/exposition.js'
import type { Configuration, LastReload } from './configuration.js'
import { createGuardedServer } from './guarded-server.js'
import type { LazyReader } from './ledger/lazy-reader.js'
import { createReadiness, type Readiness } from './readiness/readiness.js'

/** The help of `not_found`: the paths that exist here. */
const adminPaths =
  'This is the admin listener: GET /livez, GET /readyz, GET /metrics, GET /admin/v1/readiness, POST /admin/v1/sessions, POST /admin/v1/revocations, POST /admin/v1/reload, and others that docs/configuration.md lists. The API lives on the data listener.'

/**
 * How long a program may take to send its whole request, in milliseconds. A body here has a few hundred bytes, so who takes longer
 * only holds a connection.
 */
const requestMs = 10_000

export interface AdminListenerOptions {
  readonly instance: Serving
  /** What programs must present; with a `configuration`, its `admin.secret` counts instead. */
  readonly secret?: Secret | undefined
  /** `undefined`: the configuration cannot be read again. */
  readonly configuration?: Configuration | undefined
  /** Default: one that knows nothing of the store. */
  readonly readiness?: Readiness | undefined
  /** Where it is written down who changed what. Default: nowhere. */
  readonly audit?: Audit | undefined
  /** Answers questions about usage. Default: there is no ledger to ask. */
  readonly ledger?: LazyReader | undefined
  /** Writes the metrics. Default: the listener has no metrics. */
  readonly expose?: Expose | undefined
  /** Keys that change while the process runs. Default: there are none. */
  readonly keyRing?: KeyRing | undefined
  /** Knows the calls under way. Default: this process serves them. */
  readonly liveCalls?: TellLiveCalls | undefined
}

/** The admin listener: health, readiness and the admin API. On its own socket or port, never on the data listener. */
export function createAdminListener({
  instance,
  secret,
  configuration,
  readiness = createReadiness({ instance }),
  audit,
  ledger,
  expose,
  keyRing,
  liveCalls,
}: AdminListenerOptions): Server {
  const { admin } = currentRuntime(instance).config
  const app = express()
  app.disable('x-powered-by')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.use(securityMiddleware())
  app.get(['/livez', '/healthz'], (_request, response) => {
    response.json({ status: 'ok' })
  })
  app.get('/readyz', async (_request, response) => {
    const { status, because, impaired } = await readiness.look()
    response.status(status === 'ready' ? 200 : 503).json({
      status,
      ...(because === undefined ? {} : { because }),
      ...(impaired.length === 0 ? {} : { impaired: impaired.map(({ part }) => part) }),
      ...describeReload(configuration),
    })
  })
  const onSocket = admin !== undefined && 'socket' in admin
  const api = createAdminApi({ runtime: instance, secret, configuration, readiness, audit, ledger, keyRing, onSocket, expose, liveCalls })
  app.use('/admin/v1', api)
  // The path that Prometheus asks for. The admin API checks the role.
  if (expose !== undefined)
    app.get('/metrics', (request, response, next) => {
      request.url = request.path
      api(request, response, next)
    })
  app.use((request, response) => {
    refuseOwn(instance, request, response, new Refusal('not_found', { help: adminPaths }))
  })
  return createGuardedServer(
    { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: 1000 },
    inTurns((request, response) => {
      takeOriginForm(request)
      const fault = findFault(request) ?? faultOfTargetForExpress(request)
      if (fault === undefined) app(request, response)
      else refuseOwn(instance, request, response, fault)
    }),
    (server) => guard(server, instance),
  )
}

function guard(server: Server, instance: Serving): void {
  server.on('clientError', refuseBrokenRequest)
  server.on('connect', refuseConnect)
  refuseExpectations(server, instance)
  // Node would queue the 100 of a pipelined request, and may put it within that request's answer.
  server.on('checkContinue', (request, response) => {
    if (response.socket !== null) response.writeContinue()
    server.emit('request', request, response)
  })
}

/** Says in `/readyz` how the last reloads ended, of everything and of secrets alone; a refused one leaves the process ready. */
function describeReload(configuration: Configuration | undefined): object {
  const { everything, secrets } = configuration?.last ?? {}
  const describe = ({ at, taken }: LastReload): object => ({ at, status: taken ? 'taken' : 'refused' })
  return {
    ...(everything === undefined ? {} : { reload: describe(everything) }),
    ...(secrets === undefined ? {} : { secrets: describe(secrets) }),
  }
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
