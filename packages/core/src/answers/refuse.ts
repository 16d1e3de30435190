import { type Arrival, ClientGone, type Principal, Refusal, type ResponseSink } from '@postern/ports'
import type { Finish, GovernanceRecord } from '@postern/protocol'
import type { Outcome } from '../forward/outcome.js'
import { answerRefusal, isGateways } from './refusal-answer.js'
import { writeRecord } from './record.js'
import { isToldPublicly, tellRecord } from './record-for-client.js'
import type { Tap } from '../observe/observe.js'
import type { Permit } from '../police/permit.js'
import type { Reservation } from '../reserve/reservation.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/tag.js'

/** The facts about a request when it was refused; the rooms that did not run leave theirs out. */
export interface RefusedJourney {
  readonly arrival: Arrival
  readonly principal?: Principal | undefined
  readonly route?: Route | undefined
  readonly permit?: Permit | undefined
  readonly tags: Tags
  readonly reservation?: Reservation | undefined
  readonly tap?: Tap | undefined
}

/**
 * Ends a request that failed. If no head was sent yet, writes the error envelope; else destroys the connection, so that the
 * client sees a truncated answer. For a client that has left, writes nothing and returns status 499, whatever the error is.
 * Never throws: if a middleware in front throws, the outcome says so.
 */
export function refuse(error: unknown, journey: RefusedJourney, sink: ResponseSink): Outcome {
  const { arrival, route, permit, reservation, tags, tap } = journey
  const recordOf = (finish: Finish, overheadMs?: number): GovernanceRecord =>
    tap === undefined ? writeRecord({ tags, route, permit, reservation, finish, overheadMs }) : tap.governance(finish, overheadMs)
  const isGone = hasLeft(arrival, sink)
  if (error instanceof ClientGone || (isGone && !isOurFault(error)))
    return { ...whatWasRefused(error, tap), finish: 'client_closed', status: 499, record: recordOf('client_closed') }
  const refusal = error instanceof Refusal ? error : new Refusal('internal_error', { cause: error })
  const finish = refusal.details.finish ?? (isGateways(refusal) ? 'upstream_error' : 'refused')
  // Only for `refused`: in other endings the time includes an unknown wait for the gateway.
  const overheadMs = finish === 'refused' ? arrival.watch.ownMs() : undefined
  const asked = refusal.details.gatewayAskedSeconds
  const known = recordOf(finish, overheadMs)
  const record = asked === undefined ? known : { ...known, retry_after: asked }
  const outcome = { ...whatWasRefused(refusal, tap), status: isGone ? 499 : refusal.status, code: refusal.code, record }
  if (isGone) return { ...outcome, finish }
  if (sink.headersSent) {
    sink.destroy()
    return { ...outcome, finish: 'truncated', record: { ...record, finish: 'truncated' } }
  }
  try {
    writeRefusal(refusal, record, journey, sink)
  } catch (thrown) {
    return { ...outcome, finish, status: 500, code: 'internal_error', cause: thrown, thrown: { error: thrown } }
  }
  return { ...outcome, finish }
}

/** Whether a client has disconnected before it got a head. Then no error can reach it, and most errors are caused by that. */
export function hasLeft({ connection }: Pick<Arrival, 'connection'>, sink: ResponseSink): boolean {
  return !sink.headersSent && (sink.destroyed || connection.destroyed)
}

/** Whether an error is a fault of this program, also where the client has left: it stays `internal_error` in the ledger. */
function isOurFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

/** What the ledger gets about an error beside its code. */
function whatWasRefused(error: unknown, tap: Tap | undefined): Pick<Outcome, 'cause' | 'refused' | 'via' | 'leaked' | 'mayHaveRun'> {
  if (error instanceof ClientGone) return {}
  const leaked = tap?.leaked
  const found = leaked === undefined ? {} : { leaked }
  if (!(error instanceof Refusal)) return { cause: error, ...found }
  const { cause = reasonOf(error), refused, via, mayHaveRun, mayRetry } = error.details
  const ran = mayHaveRun === true ? { mayHaveRun } : mayRetry === true ? { mayHaveRun: false } : {}
  return { cause, ...ran, ...(refused === undefined ? {} : { refused }), ...(via === undefined ? {} : { via }), ...found }
}

/** Why a credential was refused. The message says no more to the ledger than to the client. */
function reasonOf({ status, details }: Refusal): string | undefined {
  return status === 401 && details.byGateway !== true ? details.message : undefined
}

function writeRefusal(refusal: Refusal, record: GovernanceRecord, journey: RefusedJourney, sink: ResponseSink): void {
  const { answerHeaders, method } = journey.arrival
  const { status, headers, body } = answerRefusal(refusal, {
    requestId: record.request_id,
    record: tellRecord(record, journey),
    gatewayHeaders: isToldPublicly(journey) ? undefined : refusal.details.gatewayHeaders,
    limitHeaders: journey.reservation?.headers(),
    always: answerHeaders,
  })
  sink.writeHead(status, headers)
  sink.end(method === 'HEAD' ? undefined : body)
}
