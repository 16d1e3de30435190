/**
 * Request header: the workflow of a call. This and the constants below are single, so that the bundle of a page holds
 * only those that it imports.
 */
export const workflowHeader = 'X-Workflow-ID'
/** Request header: the step of that workflow. */
export const stepHeader = 'X-Step-ID'
/** Request header: the step that caused that step. */
export const parentStepHeader = 'X-Parent-Step-ID'
/** Response header: the governance record as one line of JSON. */
export const governanceHeader = 'Postern-Governance'
/** Response header: the error code, if Postern itself refused. */
export const refusalHeader = 'Postern-Refusal'
/** Response header: `false` if a retry cannot help. */
export const shouldRetryHeader = 'X-Should-Retry'

/**
 * Every header name that Postern itself reads or writes, spelled as it goes on the wire.
 *
 * Names that belong to one gateway live in that gateway's dialect, not here.
 */
export const headerNames = {
  /** In: the caller's own id, recorded but never trusted. Out, to gateway and client: the id of this attempt. */
  requestId: 'X-Request-ID',
  /** In: the workflow that this call belongs to, `[A-Za-z0-9_-]{1,64}`. */
  workflow: workflowHeader,
  /** In: the step of that workflow, same alphabet. */
  step: stepHeader,
  /** In: the step that caused this one, same alphabet. */
  parentStep: parentStepHeader,
  /** In: `user=u_7, team=acme, project=labs`, from a server-side caller that may act for others. */
  actAs: 'Postern-Act-As',
  /** Out: the governance record as one line of JSON, ASCII only. */
  governance: governanceHeader,
  /** Out: the error code, present if and only if Postern itself refused. */
  refusal: refusalHeader,
  /** Out: `false` if a retry cannot help; the `openai` client obeys it. */
  shouldRetry: shouldRetryHeader,
  /** Both ways: W3C Trace Context. */
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const
