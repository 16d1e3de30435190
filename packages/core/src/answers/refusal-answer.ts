import type { Refusal } from '@postern/ports'
import { errorCodes, type ErrorEnvelope, errorEnvelope, headerNames } from '@postern/protocol'
import { exposeHeaders } from './expose-headers.js'
import { notKept } from './privacy.js'

/** A refusal as its client gets it. Whatever carries it writes these three, and adds what belongs to the connection. */
export interface RefusalAnswer {
  readonly status: number
  /** Name and value in turn. */
  readonly headers: string[]
  readonly body: string
}

/** What a carrier knows about the request that is refused. */
export interface RefusalFacts {
  readonly requestId: string
  /** The governance record as this client gets it, serialized. */
  readonly record: string
  /** A page in place of the envelope, for a client that shows what it gets. */
  readonly page?: string | undefined
  /** Headers of the gateway that the client gets, name and value in turn. */
  readonly gatewayHeaders?: readonly string[] | undefined
  /** What the client is told of its limits, name and value in turn. */
  readonly limitHeaders?: readonly string[] | undefined
  /** Headers that every answer of this carrier has, name and value in turn. */
  readonly always: readonly string[]
}

/**
 * Makes the answer to a refused request. Every carrier calls this function: HTTP answers, pages in place of the backend, bare sockets
 * and the admin API. So a refusal has the same headers on each of them.
 */
export function answerRefusal(
  refusal: Refusal,
  { requestId, record, page, gatewayHeaders = [], limitHeaders = [], always }: RefusalFacts,
): RefusalAnswer {
  const { code, status, details } = refusal
  const body = page ?? JSON.stringify(refusalEnvelope(refusal))
  const headers = [
    'Content-Type',
    page === undefined ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    notKept,
    headerNames.requestId,
    requestId,
    headerNames.governance,
    record,
  ]
  const further: string[] = []
  const add = (name: string, value: string): void => {
    headers.push(name, value)
    further.push(name)
  }
  if (!isGateways(refusal)) add(headerNames.refusal, code)
  if (!refusal.retryable) add(headerNames.shouldRetry, 'false')
  if (details.retryAfterSeconds !== undefined) add('Retry-After', String(details.retryAfterSeconds))
  if (status === 401) headers.push('WWW-Authenticate', details.challenge ?? 'Bearer realm="postern"')
  for (const named of [details.headers ?? [], gatewayHeaders, limitHeaders])
    for (let index = 0; index < named.length; index += 2) add(named[index] as string, named[index + 1] as string)
  headers.push('Access-Control-Expose-Headers', exposeHeaders(further), ...always)
  return { status, headers, body }
}

/** Whether the gateway refused or failed, and not Postern. */
export function isGateways(refusal: Refusal): boolean {
  return refusal.details.byGateway === true || refusal.code.startsWith('gateway_')
}

/** The envelope says what is wrong and what to do about it; of a gateway's own error, what the gateway said. */
export function refusalEnvelope({ code, status, message, details }: Refusal): ErrorEnvelope {
  const said = details.byGateway === true && details.message !== undefined
  const { error } = errorEnvelope(code, {
    message: said ? message : `${message} ${details.help ?? errorCodes[code].help}`,
    param: details.param,
    status,
  })
  return { error: { ...error, ...details.gatewayError } }
}
