/** Those that pages read or write, each by itself: a bundle carries only what it uses. */
export const workflowHeader = 'X-Workflow-ID'
export const stepHeader = 'X-Step-ID'
export const parentStepHeader = 'X-Parent-Step-ID'
export const governanceHeader = 'Postern-Governance'
export const refusalHeader = 'Postern-Refusal'
export const shouldRetryHeader = 'X-Should-Retry'

/**
 * Every header name that Postern itself reads or writes, spelled as it goes on the wire.
 *
 * Names that belong to one gateway live in that gateway's dialect, not here.
 */
export const headerNames = {
  /** In: the caller's own id, recorded and never trusted. Out, both ways: the id of this attempt. */
  requestId: 'X-Request-ID',
  /** In: the run this call belongs to, `[A-Za-z0-9_-]{1,64}`. */
  workflow: workflowHeader,
  /** In: the step of that run, same alphabet. */
  step: stepHeader,
  /** In: the step that caused this one, same alphabet. */
  parentStep: parentStepHeader,
  /** In: `user=u_7, team=acme, project=labs`, from a server-side caller that may act for others. */
  actAs: 'Postern-Act-As',
  /** Out: the governance record as one line of JSON, ASCII only. */
  governance: governanceHeader,
  /** Out: the error code, present exactly when Postern itself refused. */
  refusal: refusalHeader,
  /** Out: `false` where a retry cannot mend the refusal; the `openai` client obeys it. */
  shouldRetry: shouldRetryHeader,
  /** Both ways: W3C Trace Context. */
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const
