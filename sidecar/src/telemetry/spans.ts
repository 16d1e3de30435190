import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api'
import type { CallCourse, CallTrace, LedgerEntry, PosternEvent } from '@postern/ports'
import type { GivenIds } from './given-ids.js'
import { attributesOfAttempts, attributesOfCall, attributesOfLastAttempt, nameOfAttempt, nameOfCall } from './span-attributes.js'

/** Turns a time of the process's own clock into a time of the day. */
const toTime = (now: number): number => performance.timeOrigin + now

/**
 * Makes the spans of a call that has ended: one for the call, whose parent is the caller's span, and one for each attempt, whose id the
 * gateway got as the id of its parent. Makes no span if the caller says that its trace is not recorded.
 */
export function writeSpans(tracer: Tracer, ids: GivenIds, { entry, course }: Extract<PosternEvent, { type: 'call_ended' }>): void {
  const { trace: last, startedAt, attemptedAt } = course
  // If the trace id was a loaded secret, the entry does not have it: then no span is made.
  if (!isSampled(last) || entry.trace_id !== last.traceId) return
  const endedAt = startedAt + entry.duration_ms
  const call = startCall(tracer, ids, entry, course)
  const within = trace.setSpan(ROOT_CONTEXT, call)
  const name = nameOfAttempt(entry)
  for (const { begunAt, endedAt: failedAt, tags, refusal } of course.earlier ?? []) {
    const attributes = { ...attributesOfAttempts(entry), 'postern.attempt': tags.attempt, 'error.type': refusal.code }
    const span = startAttempt({ tracer, ids, within, name, begunAt, attempt: tags.trace })
    span.setAttributes(attributes).setStatus({ code: SpanStatusCode.ERROR }).end(toTime(failedAt))
  }
  if (attemptedAt !== 0) {
    const span = startAttempt({ tracer, ids, within, name, begunAt: attemptedAt, attempt: last })
    span.setAttributes(attributesOfLastAttempt(entry))
    if (course.stream !== undefined && course.stream.pieces > 0) span.addEvent('gen_ai.first_token', toTime(course.stream.firstAt))
    if (entry.code !== undefined || entry.finish !== 'complete') span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(toTime(endedAt))
  }
  call.end(toTime(endedAt))
}

function startCall(tracer: Tracer, ids: GivenIds, entry: LedgerEntry, { trace: { traceId, parentId }, startedAt }: CallCourse): Span {
  const parent =
    parentId === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentId, traceFlags: 1, isRemote: true })
  ids.next(traceId, undefined)
  const options = { kind: SpanKind.SERVER, startTime: toTime(startedAt), attributes: attributesOfCall(entry) }
  const span = tracer.startSpan(nameOfCall(entry), options, parent)
  if (entry.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
  return span
}

interface AttemptFacts {
  readonly tracer: Tracer
  readonly ids: GivenIds
  readonly within: Context
  readonly name: string
  readonly begunAt: number
  readonly attempt: CallTrace
}

function startAttempt({ tracer, ids, within, name, begunAt, attempt }: AttemptFacts): Span {
  ids.next(attempt.traceId, attempt.traceparent.slice(36, 52))
  return tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: toTime(begunAt) }, within)
}

function isSampled({ traceparent }: CallTrace): boolean {
  return (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1
}
