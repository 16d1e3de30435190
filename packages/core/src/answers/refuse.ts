import { type ErrorEnvelope, errorCodes, type Finish, type GovernanceRecord, headerNames } from '@postern/protocol'
import type { Arrival, ResponseSink } from '../arrival.js'
import { exposeHeaders } from './expose-headers.js'
import type { Outcome } from '../forward/outcome.js'
import { notKept } from './privacy.js'
import { writeRecord } from './record.js'
import { isToldPublicly, tellRecord } from './record-for-client.js'
import type { Tap } from '../observe/index.js'
import type { Permit } from '../police/permit.js'
import type { Principal } from '../principal.js'
import { ClientGone, Refusal } from '../refusal.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/index.js'

/** How far a request had come when it was refused. */
export interface RefusedJourney {
  readonly arrival: Arrival
  readonly principal?: Principal | undefined
  readonly route?: Route | undefined
  readonly permit?: Permit | undefined
  readonly tags: Tags
  readonly tap?: Tap | undefined
}

/**
 * Ends a request that gets no answer: writes the envelope while nothing has been sent, and can only cut the
 * connection afterwards.
 */
export function refuse(error: unknown, journey: RefusedJourney, sink: ResponseSink): Outcome {
  const { arrival, tap } = journey
  const recordOf = (finish: Finish, overheadMs?: number): GovernanceRecord =>
    tap === undefined ? writeRecord({ ...journey, finish, overheadMs }) : tap.governance(finish, overheadMs)
  if (error instanceof ClientGone || isByproductOfLeaving(error, arrival, sink)) {
    const cause = error instanceof ClientGone ? {} : { cause: error }
    return { finish: 'client_closed', status: 499, record: recordOf('client_closed'), ...cause }
  }
  const refusal = error instanceof Refusal ? error : new Refusal('internal_error', { cause: error })
  const finish = refusal.details.finish ?? (isGateways(refusal) ? 'upstream_error' : 'refused')
  // Where the gateway was waited for, the time was not all ours.
  const overheadMs =
    finish === 'refused'
      ? performance.now() - arrival.startedAt - (journey.permit?.waitedMs ?? 0) - (refusal.details.waitedMs ?? 0)
      : undefined
  const asked = refusal.details.gatewayAskedSeconds
  const known = recordOf(finish, overheadMs)
  const record = asked === undefined ? known : { ...known, retry_after: asked }
  const leaked = tap?.leaked
  const { cause, refused } = refusal.details
  const outcome = {
    status: refusal.status,
    code: refusal.code,
    record,
    cause,
    ...(refused === undefined ? {} : { refused }),
    ...(leaked === undefined ? {} : { leaked }),
  }
  if (sink.headersSent) {
    sink.destroy()
    return { ...outcome, finish: 'truncated', record: { ...record, finish: 'truncated' } }
  }
  writeRefusal(refusal, record, journey, sink)
  return { ...outcome, finish }
}

/**
 * Whether an error is only a consequence of a client that left: streams that are torn down under a call fail in many
 * ways, and the call is then booked `client_closed`. A TypeError, RangeError or ReferenceError is always a fault of this
 * program and booked `internal_error`.
 */
function isByproductOfLeaving(error: unknown, { connection }: Arrival, sink: ResponseSink): boolean {
  if (error instanceof Refusal || error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return false
  return !sink.headersSent && (sink.destroyed || connection.destroyed)
}

/** Whether the gateway refused, or failed, rather than Postern. */
function isGateways(refusal: Refusal): boolean {
  return refusal.details.byGateway === true || refusal.code.startsWith('gateway_')
}

/** The body of every error, in the shape that the `openai` client reads. */
export function refusalEnvelope(refusal: Refusal): ErrorEnvelope {
  const { type, help } = errorCodes[refusal.code]
  const { details } = refusal
  return {
    error: {
      message: details.byGateway === true && details.message !== undefined ? details.message : `${refusal.message} ${details.help ?? help}`,
      type: refusal.status === 404 ? 'not_found_error' : type,
      code: refusal.code,
      param: details.param ?? null,
      ...details.gatewayError,
    },
  }
}

function writeRefusal(refusal: Refusal, record: GovernanceRecord, journey: RefusedJourney, sink: ResponseSink): void {
  const { details } = refusal
  const { answerHeaders, method } = journey.arrival
  const body = JSON.stringify(refusalEnvelope(refusal))
  const headers: string[] = [
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    notKept,
    headerNames.requestId,
    record.request_id,
    headerNames.governance,
    tellRecord(record, journey),
  ]
  const further: string[] = []
  const add = (name: string, value: string): void => {
    headers.push(name, value)
    further.push(name)
  }
  if (!isGateways(refusal)) add(headerNames.refusal, refusal.code)
  if (!refusal.retryable) add(headerNames.shouldRetry, 'false')
  if (details.retryAfterSeconds !== undefined) add('Retry-After', String(details.retryAfterSeconds))
  if (refusal.status === 401) headers.push('WWW-Authenticate', details.challenge ?? 'Bearer realm="postern"')
  for (let index = 0; index < (details.headers?.length ?? 0); index += 2)
    add(details.headers?.[index] as string, details.headers?.[index + 1] as string)
  if (details.gatewayHeaders !== undefined && !isToldPublicly(journey))
    for (let index = 0; index < details.gatewayHeaders.length; index += 2)
      add(details.gatewayHeaders[index] as string, details.gatewayHeaders[index + 1] as string)
  headers.push('Access-Control-Expose-Headers', exposeHeaders(further), ...answerHeaders)
  sink.writeHead(refusal.status, headers)
  sink.end(method === 'HEAD' ? undefined : body)
}
