import type { AnswerFacts } from '@postern/gateways'
import type { Finish, GovernanceRecord } from '@postern/protocol'
import type { Permit } from '../police/permit.js'
import type { Reservation } from '../reserve/reservation.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/tag.js'

/** The facts for a record. A request that ended early lacks some. */
export interface RecordSources {
  readonly tags: Tags
  readonly route?: Route | undefined
  readonly permit?: Permit | undefined
  /** What the call has set aside, if a limit counts it. */
  readonly reservation?: Reservation | undefined
  readonly facts?: AnswerFacts | undefined
  readonly finish: Finish | undefined
  readonly overheadMs?: number | undefined
}

/**
 * Builds a governance record.
 *
 * One literal holds every field, even if it is `undefined`: objects of one shape are several times cheaper to create and to
 * serialize than objects with conditional fields, and every request needs one.
 */
export function writeRecord({ tags, route, permit, reservation, facts, finish, overheadMs }: RecordSources): GovernanceRecord {
  const record: { -readonly [Field in keyof GovernanceRecord]: GovernanceRecord[Field] } = {
    request_id: tags.requestId,
    attempt: tags.attempt,
    workflow: tags.workflow,
    workflow_verified: tags.workflowVerified,
    step: tags.step,
    gateway: route?.gateway.name,
    key: route?.key.alias,
    model_requested: permit?.modelRequested,
    model: facts?.model,
    provider: facts?.provider,
    failover: facts?.failover,
    tier: facts?.tier,
    usage: facts?.usage,
    cost: facts?.cost,
    budget_left: undefined,
    clamped: reservation?.clamped,
    quota: facts?.quota,
    intensity: facts?.intensity,
    gateway_request_id: facts?.requestId === tags.requestId ? undefined : facts?.requestId,
    gateway_ms: facts?.durationMs,
    retry_after: undefined,
    finish,
    ended_without_mark: facts?.endedWithoutMark,
    overhead_ms: overheadMs === undefined ? undefined : roundMs(overheadMs),
  }
  if (reservation !== undefined) record.budget_left = reservation.left(record)
  return record
}

/** Rounds milliseconds to a whole microsecond. */
export function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
