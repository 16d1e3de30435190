import { timingSafeEqual } from 'node:crypto'
import { readJsonObject } from '@postern/core'
import { answerAtDoor, currentRuntime, refuseAtDoor, type Runtime, type Serving } from '@postern/instance'
import { Refusal, type RevokedKind, type Secret } from '@postern/ports'
import { nameFault, readSessionRequest, SessionFault, sessionFaultOverHttp, sessionSeconds } from '@postern/protocol'
import { createFailedAttempts } from '@postern/express'
import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import type { Configuration } from './configuration.js'

export interface AdminApiOptions {
  readonly runtime: Serving
  /** What an operator's program must present; with a `configuration`, its `admin.secret` counts instead. Required on a port. */
  readonly secret: Secret | undefined
  /** `undefined`: the configuration cannot be read again. */
  readonly configuration?: Configuration | undefined
  /** Whether the listener is a Unix socket, which only its owner can open. */
  readonly onSocket: boolean
}

/**
 * Wrong secrets that one address may send in a minute before it is slowed down. The right secret is never slowed
 * down.
 */
const wrongSecrets = { limit: 30, windowMs: 60_000 }

const revokedKinds: readonly RevokedKind[] = ['id', 'user', 'team']

/** The admin API, with which programs of the operator, in any language, mint and revoke sessions and have the configuration read again. */
export function createAdminApi({ runtime: instance, secret, configuration, onSocket }: AdminApiOptions): Router {
  const secretNow = (): Secret | undefined =>
    configuration === undefined ? secret : configuration.instance.checked.secrets.get('admin.secret')
  const router = express.Router({ caseSensitive: true, strict: true })
  const failures = createFailedAttempts(wrongSecrets)
  router.use(async (request, _response, next) => {
    try {
      refuseStrangers(request, secretNow(), onSocket)
    } catch (error) {
      if (error instanceof Refusal && error.code === 'caller_invalid') await refuseGuesser(failures, request)
      throw error
    }
    next()
  })
  router.use(express.raw({ limit: '16kb', type: () => true, inflate: false }))
  router.post('/sessions', async (request, response) => {
    const { token, id, expiresAt, principal } = await mint(currentRuntime(instance), bodyOf(request))
    const body = { token, id, token_type: principal.jkt === undefined ? 'Bearer' : 'DPoP', expires_at: expiresAt }
    answerAtDoor(instance, request, response, { status: 201, body }, principal)
  })
  router.post('/revocations', async (request, response) => {
    const [kind, name] = readRevocation(bodyOf(request))
    await currentRuntime(instance).revocations.revoke(kind, name)
    answerAtDoor(instance, request, response, { status: 201, body: { revoked: { [kind]: name } } }, undefined, { kind, name })
  })
  if (configuration !== undefined)
    router.post('/reload', (request, response) => {
      const result = configuration.reload('admin')
      answerAtDoor(instance, request, response, { status: result.taken ? 200 : 422, body: result })
    })
  router.use((error: Error, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error)
    else refuseAtDoor(instance, request, response, refusalFor(error))
  })
  return router
}

/** @throws {Refusal} `rate_limited` if the address sent too many wrong secrets. */
async function refuseGuesser(failures: ReturnType<typeof createFailedAttempts>, { ip = '' }: Request): Promise<void> {
  const waitSeconds = await failures.count(ip)
  if (waitSeconds > 0) throw new Refusal('rate_limited', { retryAfterSeconds: Math.min(60, waitSeconds) })
}

/** @throws {Refusal} if a page in a browser asks, or the secret is missing or wrong. */
function refuseStrangers({ headers, headersDistinct }: Request, secret: Secret | undefined, onSocket: boolean): void {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined)
    throw new Refusal('cross_site_refused', {
      message: 'The admin listener is for programs, not for pages.',
      ...(headers.origin === undefined ? {} : { refused: headers.origin }),
    })
  if (secret === undefined) {
    if (onSocket) return
    throw new Refusal('caller_missing', {
      message: 'On a port, which every program of this machine can reach, the admin listener needs a secret to mint and revoke.',
      help: 'For the operator: write admin.secret, or listen on a Unix socket.',
    })
  }
  const { authorization: [authorization = '', ...others] = [] } = headersDistinct
  if (others.length > 0)
    throw new Refusal('request_malformed', { message: 'There is more than one Authorization header.', param: 'Authorization' })
  const [, scheme = '', presented = ''] = /^(\S+) +(.*)$/.exec(authorization) ?? []
  if (presented === '') throw new Refusal('caller_missing', { message: 'The admin listener takes its secret as a Bearer token.' })
  if (scheme.toLowerCase() !== 'bearer' || !isSame(presented, secret.reveal())) throw new Refusal('caller_invalid', wrongSecret)
}

const wrongSecret = {
  message: 'This is not the secret of the admin listener.',
  help: 'For the operator: it is what the configuration has as admin.secret.',
} as const

function isSame(presented: string, expected: string): boolean {
  const [one, other] = [Buffer.from(presented), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** Reads the body by the same strict rules as every other body. */
function bodyOf({ body }: Request): Readonly<Record<string, unknown>> {
  return readJsonObject(Buffer.isBuffer(body) ? body : Buffer.alloc(0))
}

async function mint(runtime: Runtime, body: Readonly<Record<string, unknown>>) {
  const { session } = runtime.config.callers
  if (runtime.signSession === undefined || session === undefined)
    throw new Refusal('not_found', {
      message: 'There is no secret to sign sessions with.',
      help: 'For the operator: write callers.session.secret.',
    })
  const { ttl = Math.ceil(session.ttl / 1000), ...asked } = readSessionRequest(body)
  const seconds = sessionSeconds(ttl)
  if (seconds * 1000 > session.maxTtl) throw new SessionFault('"ttl" is longer than callers.session.maxTtl allows.')
  const signed = await runtime.signSession(asked, Math.floor(Date.now() / 1000) + seconds)
  const { user, team, project, jkt } = asked
  const principal = { user, team, project, jkt, via: 'session', caller: `session:${signed.id}`, delegate: false } as const
  return { ...signed, principal }
}

function readRevocation(body: Readonly<Record<string, unknown>>): readonly [RevokedKind, string] {
  const [kind, ...others] = Object.keys(body)
  const known = revokedKinds.find((name) => name === kind)
  const name = kind === undefined ? undefined : body[kind]
  if (known === undefined || others.length > 0 || typeof name !== 'string')
    throw new Refusal('request_malformed', { message: 'A revocation is { "id": … }, { "user": … } or { "team": … }, one of them.' })
  const fault = nameFault(name)
  if (fault !== undefined) throw new Refusal('request_malformed', { message: `"${known}" is no name: it ${fault}.`, param: known })
  return [known, name]
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
