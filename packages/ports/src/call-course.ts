/** How a call went, in times of `performance.now()`. What did not happen is 0 or `undefined`. */
export interface CallCourse {
  /** When the request arrived. */
  readonly startedAt: number
  /** When the first attempt began; 0 if the call was refused before. */
  readonly begunAt: number
  /** When the last attempt began; 0 if there was none. */
  readonly attemptedAt: number
  /** The trace of the last attempt, or of a call that was refused. */
  readonly trace: CallTrace
  /** The attempts before the last one. */
  readonly earlier: readonly EarlierCourse[] | undefined
  /** The course of an answer that was a stream of events. */
  readonly stream: StreamCourse | undefined
  /** The limits under which the call had set something aside. */
  readonly limits: readonly { readonly rule: { readonly title: string } }[] | undefined
}

/** An attempt at the gateway within its trace (W3C Trace Context). */
export interface CallTrace {
  readonly traceId: string
  /** The `traceparent` that the gateway got; its span is the attempt. */
  readonly traceparent: string
  /** The span of the caller that the call continues; `undefined`: the trace begins here. */
  readonly parentId: string | undefined
}

/** An attempt that failed and was followed by another. */
export interface EarlierCourse {
  readonly begunAt: number
  readonly endedAt: number
  readonly tags: { readonly attempt: number; readonly trace: CallTrace }
  readonly refusal: { readonly code: string }
}

/** How a stream of events came from the gateway, in times of `performance.now()` and in milliseconds. */
export interface StreamCourse {
  /** When its first bytes came; 0 if none did. */
  readonly firstAt: number
  /** When its last bytes came. */
  readonly lastAt: number
  readonly largestGapMs: number
  /** In how many pieces it came, as the network delivered them. */
  readonly pieces: number
}
