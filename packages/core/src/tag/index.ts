import { hash } from 'node:crypto'
import { formatRequestId, headerNames, redactKeys, tagPattern } from '@postern/protocol'
import type { Arrival } from '../arrival.js'
import { ownerOf, type Principal } from '../principal.js'
import type { Redactor } from '../redactor.js'
import { Refusal } from '../refusal.js'
import { continueTrace, type TraceContext } from './trace-context.js'

/** The names that one attempt goes by. */
export interface Tags {
  readonly workflow?: string | undefined
  /** The credential names the workflow; what the header says of it does not count. */
  readonly workflowVerified?: true | undefined
  readonly step?: string | undefined
  readonly parentStep?: string | undefined
  /** The caller's own `X-Request-ID`: recorded, never sent on. */
  readonly clientRequestId?: string | undefined
  /** What the gateway gets as `Idempotency-Key`, where the caller sent one: a digest of it and of whose it is. */
  readonly idempotencyKey?: string | undefined
  readonly trace: TraceContext
  /** 1 for the first attempt at the gateway; 0 where nothing is sent. */
  readonly attempt: number
  /** `workflow.step.ulid.attempt`. */
  readonly requestId: string
  /** What became of the attempts before this one. */
  readonly earlier?: readonly EarlierAttempt[] | undefined
}

/** An attempt that was followed by another. */
export interface EarlierAttempt {
  readonly tags: Tags
  readonly refusal: Refusal
}

/**
 * Says under which ids a request travels; after an attempt that failed, the next one under an id of its own.
 *
 * @throws {Refusal} 400 `tag_invalid`; 400 `credential_in_request` where a tag holds a key: it would go to the gateway, and
 *   be written down, as part of the request's id.
 */
export type Tag = (arrival: Arrival, principal: Principal, failed?: EarlierAttempt) => Tags

const names = {
  workflow: headerNames.workflow.toLowerCase(),
  step: headerNames.step.toLowerCase(),
  parentStep: headerNames.parentStep.toLowerCase(),
  requestId: headerNames.requestId.toLowerCase(),
} as const

export function createTag({ holdsSecret }: Pick<Redactor, 'holdsSecret'>): Tag {
  const check = (tag: string | undefined, name: string): string | undefined => {
    if (tag === undefined || !holdsSecret(tag)) return tag
    throw new Refusal('credential_in_request', { message: 'The tag holds what has the form of an API key.', help: keyHelp, param: name })
  }
  const read = (arrival: Arrival, name: string): string | undefined => check(readTag(arrival, name), name)
  return (arrival, principal, failed) => {
    if (failed !== undefined) return tagNext(arrival, failed)
    const { bounds } = principal
    const claimed = read(arrival, names.workflow)
    const verified = check(bounds?.workflow, names.workflow)
    return writeTags(arrival, verified ?? claimed, read(arrival, names.step), read(arrival, names.parentStep), 1, {
      workflowVerified: verified !== undefined,
      idempotencyKey: ownIdempotencyKey(arrival, principal),
    })
  }
}

/**
 * Gateways keep answers by their key and the caller's `Idempotency-Key`. Callers share a gateway's key, and two that choose
 * the same word would get each other's answers; so each caller's word is its own.
 */
function ownIdempotencyKey({ headers }: Arrival, principal: Principal): string | undefined {
  const chosen = headers['idempotency-key']
  return typeof chosen === 'string' ? hash('sha256', JSON.stringify([ownerOf(principal), chosen]), 'base64url') : undefined
}

const keyHelp = 'Name workflows and steps otherwise: tags are sent to the gateway and written into the log.'

function tagNext(arrival: Arrival, failed: EarlierAttempt): Tags {
  const { workflow, step, parentStep, attempt, trace, workflowVerified, idempotencyKey, earlier = [] } = failed.tags
  const verified = { workflowVerified: workflowVerified === true, idempotencyKey }
  const next = writeTags(arrival, workflow, step, parentStep, attempt + 1, verified)
  return { ...next, trace: { ...continueTrace(trace.traceparent), continued: trace.continued }, earlier: [...earlier, failed] }
}

/** The tags of a request that is not sent to the gateway: what can be read of them, and attempt 0. */
export function tagRefused(arrival: Pick<Arrival, 'ulid' | 'headers'>): Tags {
  const lenient = (name: string): string | undefined => {
    const value = arrival.headers[name]
    return typeof value === 'string' && tagPattern.test(value) && redactKeys(value) === value ? value : undefined
  }
  return writeTags(arrival, lenient(names.workflow), lenient(names.step), lenient(names.parentStep), 0)
}

/** What of the tags depends on the credential. */
interface OfCredential {
  readonly workflowVerified: boolean
  readonly idempotencyKey: string | undefined
}

const ofNobody: OfCredential = { workflowVerified: false, idempotencyKey: undefined }

function writeTags(
  arrival: Pick<Arrival, 'ulid' | 'headers'>,
  workflow: string | undefined,
  step: string | undefined,
  parentStep: string | undefined,
  attempt: number,
  { workflowVerified, idempotencyKey }: OfCredential = ofNobody,
): Tags {
  return {
    workflow,
    workflowVerified: workflowVerified ? true : undefined,
    step,
    parentStep,
    clientRequestId: readClientRequestId(arrival),
    idempotencyKey,
    trace: continueTrace(arrival.headers['traceparent'] as string | undefined),
    attempt,
    requestId: formatRequestId({ workflow, step, ulid: arrival.ulid, attempt }),
    earlier: undefined,
  }
}

function readTag(arrival: Arrival, name: string): string | undefined {
  const value = arrival.headers[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && tagPattern.test(value)) return value
  throw new Refusal('tag_invalid', { param: name })
}

const printable = /^[\x21-\x7e]{1,128}$/

function readClientRequestId(arrival: Pick<Arrival, 'headers'>): string | undefined {
  const value = arrival.headers[names.requestId]
  return typeof value === 'string' && printable.test(value) ? value : undefined
}
