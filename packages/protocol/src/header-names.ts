/**
 * Every header name that Postern itself reads or writes, spelled as it goes on the wire.
 *
 * Names that belong to one gateway live in that gateway's dialect, not here.
 */
export const headerNames = {
  /** In: the caller's own id, recorded and never trusted. Out, both ways: the id of this attempt. */
  requestId: 'X-Request-ID',
  /** In: the run this call belongs to, `[A-Za-z0-9_-]{1,64}`. */
  workflow: 'X-Workflow-ID',
  /** In: the step of that run, same alphabet. */
  step: 'X-Step-ID',
  /** In: the step that caused this one, same alphabet. */
  parentStep: 'X-Parent-Step-ID',
  /** In: `user=u_7, team=acme, project=labs`, from a server-side caller that may act for others. */
  actAs: 'Postern-Act-As',
  /** Out: the governance record as one line of JSON, ASCII only. */
  governance: 'Postern-Governance',
  /** Out: the error code, present exactly when Postern itself refused. */
  refusal: 'Postern-Refusal',
  /** Out: `false` where a retry cannot mend the refusal; the `openai` client obeys it. */
  shouldRetry: 'X-Should-Retry',
  /** Both ways: W3C Trace Context. */
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const
