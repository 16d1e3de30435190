/** The four parts of the `X-Request-ID` that Postern sends to the gateway and back to the client. */
export interface RequestIdParts {
  /** The workflow; `undefined` if the caller named none. */
  readonly workflow?: string | undefined
  /** The step of that workflow, or `undefined`. */
  readonly step?: string | undefined
  /** 26 characters of Crockford's Base32, made by the sidecar; sorts by time. */
  readonly ulid: string
  /** 1 for the first attempt at the gateway; 0 if the request never left Postern. */
  readonly attempt: number
}

/** Stands for a part that the caller did not give. */
const absent = '_'

/** The form of a workflow id or step name. No dot: the dot separates the parts of a request id. */
export const tagPattern = /^[A-Za-z0-9_-]{1,64}$/

/** The form of a pattern of workflows: an id, or the beginning of ids with `*` behind it. `*` alone is every id. */
export const workflowPattern = /^(?:[A-Za-z0-9_-]{1,64}|[A-Za-z0-9_-]{0,64}\*)$/

const requestIdPattern = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})\.([0-7][0-9A-HJKMNP-TV-Z]{25})\.(\d{1,4})$/

/**
 * Joins the parts to `workflow.step.ulid.attempt`.
 *
 * Each attempt gets its own id because gateways book usage by request id: two attempts under one id
 * may be billed, or dropped, as one.
 */
export function formatRequestId(parts: RequestIdParts): string {
  return `${parts.workflow ?? absent}.${parts.step ?? absent}.${parts.ulid}.${parts.attempt}`
}

/** Splits a request id, for example from a gateway's log, into its parts; `undefined` if Postern did not make it. */
export function parseRequestId(id: string): RequestIdParts | undefined {
  const match = requestIdPattern.exec(id)
  if (match === null) return undefined
  const [, workflow, step, ulid, attempt] = match
  return {
    workflow: workflow === absent ? undefined : workflow,
    step: step === absent ? undefined : step,
    ulid: ulid as string,
    attempt: Number(attempt),
  }
}
