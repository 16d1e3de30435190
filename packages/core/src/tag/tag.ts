import { hash } from 'node:crypto'
import { type Arrival, ownerOf, type Principal, type Redactor, Refusal } from '@postern/ports'
import { formatRequestId, headerNames, redactKeys, tagPattern } from '@postern/protocol'
import { continueTrace, type TraceContext, type TraceFlags } from './trace-context.js'

/** The ids and tags of one attempt. */
export interface Tags {
  readonly workflow?: string | undefined
  /** `true` if the credential names the workflow; then the header does not count. */
  readonly workflowVerified?: true | undefined
  readonly step?: string | undefined
  readonly parentStep?: string | undefined
  /** The caller's own `X-Request-ID`: written to the ledger, never sent to the gateway. */
  readonly clientRequestId?: string | undefined
  /** The gateway's `Idempotency-Key`: a digest of the caller's own and of `ownerOf`; `undefined` if the caller sent none. */
  readonly idempotencyKey?: string | undefined
  readonly trace: TraceContext
  /** 1 for the first attempt at the gateway; 0 if nothing is sent. */
  readonly attempt: number
  /** `workflow.step.ulid.attempt`. */
  readonly requestId: string
  /** The failed attempts before this one. */
  readonly earlier?: readonly EarlierAttempt[] | undefined
}

/** An attempt that failed and was followed by another. */
export interface EarlierAttempt {
  readonly tags: Tags
  readonly refusal: Refusal
  /** When it began and ended, by `performance.now()`. */
  readonly begunAt: number
  readonly endedAt: number
}

/**
 * Gives a request its ids; with `failed`, gives the next attempt a new id.
 *
 * @throws {Refusal} 400 `tag_invalid`; 400 `request_malformed` for an `Idempotency-Key` of another form; 400 `credential_in_request` if a
 *   tag holds a key, which would reach the gateway and the ledger as part of the request's id.
 */
export type Tag = (arrival: Arrival, principal: Principal, failed?: EarlierAttempt) => Tags

const names = {
  workflow: headerNames.workflow.toLowerCase(),
  step: headerNames.step.toLowerCase(),
  parentStep: headerNames.parentStep.toLowerCase(),
  requestId: headerNames.requestId.toLowerCase(),
} as const

/** @param flags Whether the spans of traces that begin here are recorded. Default: they are not. */
export function createTag({ holdsSecret }: Pick<Redactor, 'holdsSecret'>, flags: TraceFlags = '00'): Tag {
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
      flags,
    })
  }
}

/**
 * A gateway stores answers by its key and `Idempotency-Key`. Callers share the gateway's key: if two chose the same
 * `Idempotency-Key`, one would get the other's answer. So the gateway gets a digest that differs for each owner.
 */
function ownIdempotencyKey({ headers }: Arrival, principal: Principal): string | undefined {
  const chosen = headers['idempotency-key']
  // An empty one chooses nothing: its digest would be the same for all of the caller's calls.
  if (typeof chosen !== 'string' || chosen.trim() === '') return undefined
  if (!idempotencyKey.test(chosen))
    throw new Refusal('request_malformed', {
      message: 'The Idempotency-Key is not 1 to 255 visible characters of ASCII.',
      param: 'Idempotency-Key',
    })
  return hash('sha256', JSON.stringify([ownerOf(principal), chosen]), 'base64url')
}

const idempotencyKey = /^[\x21-\x7e]{1,255}$/

const keyHelp = 'Name workflows and steps otherwise: tags are sent to the gateway and written into the log.'

function tagNext(arrival: Arrival, failed: EarlierAttempt): Tags {
  const { workflow, step, parentStep, attempt, trace, workflowVerified, idempotencyKey, earlier = [] } = failed.tags
  const verified: OfCredential = { workflowVerified: workflowVerified === true, idempotencyKey, flags: '00' }
  const next = writeTags(arrival, workflow, step, parentStep, attempt + 1, verified)
  const { continued, parentId } = trace
  return { ...next, trace: { ...continueTrace(trace.traceparent), continued, parentId }, earlier: [...earlier, failed] }
}

/** The tags of a request that is not sent to the gateway: attempt 0, and the valid ones of its tags. */
export function tagRefused(arrival: Pick<Arrival, 'ulid' | 'headers'>): Tags {
  const lenient = (name: string): string | undefined => {
    const value = arrival.headers[name]
    return typeof value === 'string' && tagPattern.test(value) && redactKeys(value) === value ? value : undefined
  }
  return writeTags(arrival, lenient(names.workflow), lenient(names.step), lenient(names.parentStep), 0)
}

/** The tags that depend on the credential, and whether a trace that begins here is recorded. */
interface OfCredential {
  readonly workflowVerified: boolean
  readonly idempotencyKey: string | undefined
  readonly flags: TraceFlags
}

const ofNobody: OfCredential = { workflowVerified: false, idempotencyKey: undefined, flags: '00' }

function writeTags(
  arrival: Pick<Arrival, 'ulid' | 'headers'>,
  workflow: string | undefined,
  step: string | undefined,
  parentStep: string | undefined,
  attempt: number,
  { workflowVerified, idempotencyKey, flags }: OfCredential = ofNobody,
): Tags {
  return {
    workflow,
    workflowVerified: workflowVerified ? true : undefined,
    step,
    parentStep,
    clientRequestId: readClientRequestId(arrival),
    idempotencyKey,
    trace: continueTrace(arrival.headers['traceparent'] as string | undefined, flags),
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
