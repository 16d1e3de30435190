import { timingSafeEqual } from 'node:crypto'
import { currentRuntime, refuseOwn, type Serving } from '@postern/instance'
import { type KeyRing, Refusal, type Secret } from '@postern/ports'
import { createFailedAttempts } from '@postern/express'
import { SessionFault, sessionFaultOverHttp } from '@postern/protocol'
import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import { createAskLedger } from './admin/ask-ledger.js'
import { auditLinesRoute } from './admin/audit-lines.js'
import { auditNoteRoute } from './admin/audit-note.js'
import { callsRoute, liveCallsRoute, type TellLiveCalls } from './admin/calls.js'
import { keyRoutes } from './admin/keys.js'
import { limitsRoute } from './admin/limits.js'
import { identifyOperator, type Operator, requireEveryTeam, requireRole } from './admin/operator.js'
import { ownKeysRoute } from './admin/own-keys.js'
import { operatorRoute } from './admin/operator-route.js'
import { readinessRoute } from './admin/readiness.js'
import { reloadRoute } from './admin/reload.js'
import { revokeSessions } from './admin/revocations.js'
import type { AdminRoute } from './admin/route.js'
import { metricsRoute } from './admin/metrics.js'
import { mintSession } from './admin/sessions.js'
import { usageRoutes } from './admin/usage.js'
import { type Audit, createLogAudit } from './audit/audit.js'
import type { Configuration } from './configuration.js'
import type { LazyReader } from './ledger/lazy-reader.js'
import type { Expose } from './telemetry/exposition.js'
import type { Readiness } from './readiness/readiness.js'

export interface AdminApiOptions {
  readonly runtime: Serving
  /** What an operator's program must present; with a `configuration`, its `admin.secret` counts instead. */
  readonly secret: Secret | undefined
  /** `undefined`: the configuration cannot be read again. */
  readonly configuration?: Configuration | undefined
  /** Where it is written down who changed what. Default: nowhere. */
  readonly audit?: Audit | undefined
  /** `undefined`: nobody is told the state of the process. */
  readonly readiness?: Readiness | undefined
  /** `undefined`: there is no ledger to ask. */
  readonly ledger?: LazyReader | undefined
  /** Writes the metrics; `undefined`: there is no route for them. */
  readonly expose?: Expose | undefined
  /** Keys that change while the process runs; `undefined`: the store keeps none. */
  readonly keyRing?: KeyRing | undefined
  /** Knows the calls under way. Default: this process serves them. */
  readonly liveCalls?: TellLiveCalls | undefined
  /** Whether the listener is a Unix socket, which only its owner can open. */
  readonly onSocket: boolean
}

/**
 * Wrong credentials that one address may send in a minute before it is slowed down. A right one is never slowed down.
 */
const wrongCredentials = { limit: 30, windowMs: 60_000 }

/** The admin API, with which programs of the operator, in any language, mint and revoke sessions and have the configuration read again. */
export function createAdminApi(options: AdminApiOptions): Router {
  const {
    runtime: instance,
    secret,
    configuration,
    readiness,
    ledger,
    audit = createLogAudit(() => {}),
    keyRing,
    onSocket,
    expose,
    liveCalls,
  } = options
  const router = express.Router({ caseSensitive: true, strict: true })
  const failures = createFailedAttempts(wrongCredentials)

  function identify(request: Request): Operator {
    const current = configuration === undefined ? secret : configuration.instance.checked.secrets.get('admin.secret')
    const { credentials } = currentRuntime(instance).config.admin ?? {}
    const isSecret = current === undefined ? undefined : (presented: string) => isSame(presented, current.reveal())
    return identifyOperator(request, { credentials, isSecret, onSocket })
  }

  /**
   * The only way to a route of the admin API: each has the role that it needs. It is asked for twice: before the body, which is
   * read for nobody else, and after it, because the client decides how long its body takes, and the credential or its role may
   * have been taken away meanwhile. Nothing is remembered from the first time.
   */
  function add({ method, path, role, isOfTeams = false, handle }: AdminRoute): void {
    const operatorOf = (request: Request): Operator => {
      const operator = identify(request)
      requireRole(operator, role)
      if (!isOfTeams) requireEveryTeam(operator)
      return operator
    }
    router[method](
      path,
      (request, _response, next) => {
        operatorOf(request)
        next()
      },
      express.raw({ limit: '16kb', type: () => true, inflate: false }),
      async (request: Request, response: Response) => {
        await handle({ instance, request, response, audit, operator: operatorOf(request) })
      },
    )
  }

  router.use(async (request, _response, next) => {
    try {
      identify(request)
    } catch (error) {
      if (error instanceof Refusal && error.code === 'caller_invalid') await refuseGuesser(failures, request)
      throw error
    }
    next()
  })
  const askLedger = createAskLedger(ledger)
  ;[
    operatorRoute,
    mintSession,
    revokeSessions,
    limitsRoute,
    auditNoteRoute,
    ...usageRoutes(askLedger),
    callsRoute(askLedger),
    liveCallsRoute(liveCalls),
    auditLinesRoute,
    ownKeysRoute,
  ].forEach(add)
  if (readiness !== undefined) add(readinessRoute(readiness))
  if (expose !== undefined) add(metricsRoute(expose))
  if (configuration !== undefined) {
    add(reloadRoute(configuration))
    keyRoutes({ keyRing, checked: () => configuration.instance.checked }).forEach(add)
  }
  router.use((error: Error, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error)
    else refuseOwn(instance, request, response, refusalFor(error))
  })
  return router
}

/** @throws {Refusal} `rate_limited` if the address sent too many wrong credentials. */
async function refuseGuesser(failures: ReturnType<typeof createFailedAttempts>, { ip = '' }: Request): Promise<void> {
  const waitSeconds = await failures.count(ip)
  if (waitSeconds > 0) throw new Refusal('rate_limited', { retryAfterSeconds: Math.min(60, waitSeconds) })
}

function isSame(presented: string, expected: string): boolean {
  const [one, other] = [Buffer.from(presented), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** A fault of the request is reported; any other error becomes `internal_error`. */
function refusalFor(error: Error): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof SessionFault) return new Refusal('request_malformed', sessionFaultOverHttp(error))
  const status = (error as { readonly status?: unknown }).status
  if (status === 413) return new Refusal('body_too_large')
  if (status === 415) return new Refusal('media_type_unsupported', { headers: ['Accept-Encoding', 'identity'] })
  return typeof status === 'number' && status < 500 ? new Refusal('request_malformed') : new Refusal('internal_error', { cause: error })
}
