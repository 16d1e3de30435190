import { randomBytes } from 'node:crypto'

const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const zeroTrace = '0'.repeat(32)
const zeroSpan = '0'.repeat(16)

/** One hop of a trace (W3C Trace Context, 3.2). */
export interface TraceContext {
  readonly traceId: string
  /** What the gateway gets: the caller's trace with our own span as parent. */
  readonly traceparent: string
  /** Whether the caller's trace goes on; a `tracestate` is passed on only then. */
  readonly continued: boolean
}

/** Carries the caller's trace on, or begins one where there is none that can be read. */
export function continueTrace(traceparent: string | undefined): TraceContext {
  const match = traceparent === undefined ? null : traceparentPattern.exec(traceparent)
  if (match !== null && match[1] !== zeroTrace && match[2] !== zeroSpan) {
    const traceId = match[1] as string
    return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-${match[3]}`, continued: true }
  }
  const drawn = randomHex(24)
  const traceId = drawn.slice(0, 32)
  // Not sampled: Postern records no spans itself, and whoever continues the trace decides for itself.
  return { traceId, traceparent: `00-${traceId}-${drawn.slice(32)}-00`, continued: false }
}

const poolBytes = 6144
let pool = ''
let used = 0

/** Random digits are drawn for many ids at once: one call into the kernel's generator costs more than an id. */
function randomHex(bytes: number): string {
  if (used + 2 * bytes > pool.length) {
    pool = randomBytes(poolBytes).toString('hex')
    used = 0
  }
  used += 2 * bytes
  return pool.slice(used - 2 * bytes, used)
}
