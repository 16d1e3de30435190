import { type ErrorCode, errorCodes, type Finish } from '@postern/protocol'

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
  /** What else the gateway's error says, under the same condition: it stands in place of our `type`, `code` and `param`, and beside them. */
  readonly gatewayError?: Readonly<Record<string, unknown>>
  /** Nothing was run at the gateway, so that Postern itself may try again. */
  readonly mayRetry?: boolean
  /** The gateway ran the call, or may have, and nothing shows that it failed: whatever the code says, the client is told not to try again. */
  readonly mayHaveRun?: boolean
  /** How long the gateway asks to wait, by its answer or else by its documents, in seconds. Goes into the record. */
  readonly gatewayAskedSeconds?: number
  /** After how many seconds it is worth asking again. */
  readonly retryAfterSeconds?: number
  /** What was waited before it for others, in milliseconds; beyond what the permit knows. */
  readonly waitedMs?: number
  /** Further response headers, name and value in turn. */
  readonly headers?: readonly string[]
  /** Headers of the gateway's own, likewise; a page that is told the public record does not get them. */
  readonly gatewayHeaders?: readonly string[]
  /** How the call ended, where it is neither a refusal before the gateway was asked nor the gateway's own error. */
  readonly finish?: Finish
  /** What was refused, for the log, where it stands nowhere else: a host, an origin. */
  readonly refused?: string
  /** What a 401 asks for, where it is not a Bearer token (RFC 9110, 11.6.1). */
  readonly challenge?: string
  /** What happened underneath, for the log. Never reaches the client. */
  readonly cause?: unknown
}

const mayHaveRunHelp = 'The gateway may have run and billed the call: look for its result before you send it again.'

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

  /** The same, of a call that the gateway ran: neither Postern nor the client may try it again. */
  afterRun(): Refusal {
    return new Refusal(this.code, { help: mayHaveRunHelp, ...this.details, mayRetry: false, mayHaveRun: true })
  }

  /** Whether it is worth the client's while to send the request again. */
  get retryable(): boolean {
    return errorCodes[this.code].retryable && this.details.mayHaveRun !== true
  }
}

/** The client left before there was an answer: there is nobody to refuse. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}
