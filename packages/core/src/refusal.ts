import { type ErrorCode, errorCodes } from '@postern/protocol'

/** What a refusal may say beyond its code. */
export interface RefusalDetails {
  /** A sentence for the client, in place of the code's own title. Must hold nothing secret. */
  readonly message?: string
  /** What to do about it, in place of the code's own help. */
  readonly help?: string
  /** The request member or header at fault. */
  readonly param?: string
  /** The gateway's status, where the gateway found the request itself wrong. */
  readonly status?: number
  /** The gateway refused, not Postern. */
  readonly byGateway?: boolean
  /** The gateway's own code, under the same condition. */
  readonly gatewayCode?: string
  /** Nothing was run at the gateway, so that Postern itself may try again. */
  readonly mayRetry?: boolean
  /** How long the gateway itself asks to wait, in seconds. */
  readonly gatewayAskedSeconds?: number
  /** After how many seconds it is worth asking again. */
  readonly retryAfterSeconds?: number
  /** What was waited before it for others, in milliseconds; beyond what the permit knows. */
  readonly waitedMs?: number
  /** Further response headers, name and value in turn. */
  readonly headers?: readonly string[]
  /** What a 401 asks for, where it is not a Bearer token (RFC 9110, 11.6.1). */
  readonly challenge?: string
  /** What happened underneath, for the log. Never reaches the client. */
  readonly cause?: unknown
}

/** A request that gets an error instead of an answer. Rooms throw it; the corridor writes it down once. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: ErrorCode
  readonly details: RefusalDetails
  readonly status: number

  constructor(code: ErrorCode, details: RefusalDetails = {}) {
    super(details.message ?? errorCodes[code].title, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.details = details
    this.status = details.status ?? errorCodes[code].status
  }
}

/** The client left before there was an answer: there is nobody to refuse. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}
