import { randomBytes } from 'node:crypto'

const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const zeroTrace = '0'.repeat(32)
const zeroSpan = '0'.repeat(16)

/** One hop of a trace (W3C Trace Context, 3.2). */
export interface TraceContext {
  readonly traceId: string
  /** The gateway's `traceparent`: the caller's trace id with a new span id of Postern as parent. */
  readonly traceparent: string
  /** The caller's span; `undefined`: the trace begins here. */
  readonly parentId: string | undefined
  /** Whether the caller's trace continues; only then its `tracestate` is passed on. */
  readonly continued: boolean
}

/**
 * Continues the caller's trace, or begins one if `traceparent` is missing or invalid.
 *
 * @param flags Of a trace that begins here: `01` if Postern records its spans, `00` if every later hop decides for itself.
 */
export function continueTrace(traceparent: string | undefined, flags: TraceFlags = '00'): TraceContext {
  const match = traceparent === undefined ? null : traceparentPattern.exec(traceparent)
  if (match !== null && match[1] !== zeroTrace && match[2] !== zeroSpan) {
    const traceId = match[1] as string
    return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-${match[3]}`, parentId: match[2], continued: true }
  }
  const drawn = randomHex(24)
  const traceId = drawn.slice(0, 32)
  return { traceId, traceparent: `00-${traceId}-${drawn.slice(32)}-${flags}`, parentId: undefined, continued: false }
}

/** Whether the spans of a trace that begins here are recorded. */
export type TraceFlags = '00' | '01'

const poolBytes = 6144
let pool = ''
let used = 0

/** Returns random hex digits from a pool: one call of `randomBytes` costs more than an id. */
function randomHex(bytes: number): string {
  if (used + 2 * bytes > pool.length) {
    pool = randomBytes(poolBytes).toString('hex')
    used = 0
  }
  used += 2 * bytes
  return pool.slice(used - 2 * bytes, used)
}
