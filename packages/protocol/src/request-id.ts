/** The four parts of the `X-Request-ID` that Postern sends to the gateway and back to the client. */
export interface RequestIdParts {
  /** The run, or `undefined` where the caller named none. */
  readonly workflow?: string | undefined
  /** The step of that run, or `undefined`. */
  readonly step?: string | undefined
  /** 26 characters of Crockford's Base32, made by the sidecar; sorts by time. */
  readonly ulid: string
  /** 1 for the first attempt at the gateway; 0 where the request never left Postern. */
  readonly attempt: number
}

/** What stands for a part that the caller did not give. */
const absent = '_'

/** What a workflow or step may look like. No dot: the dot separates the parts of a request id. */
export const tagPattern = /^[A-Za-z0-9_-]{1,64}$/

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

/** Takes an id from a gateway's log apart, or gives `undefined` where it is not one of ours. */
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
