import { type ErrorCode, errorCodes, type Finish } from '@postern/protocol'
import type { Principal } from './principal.js'

/** What a refusal may state besides its code. */
export interface RefusalDetails {
  /** A sentence for the client, in place of the code's own title. Must hold nothing secret. */
  readonly message?: string
  /** What the reader can do, in place of the code's own help. */
  readonly help?: string
  /** The request member or header at fault. */
  readonly param?: string
  /** The gateway's status, if the gateway found the request itself wrong. Default: the code's own status. */
  readonly status?: number
  /** The gateway refused, not Postern. */
  readonly byGateway?: boolean
  /** Members of the gateway's error, if {@link status} is set: they replace our `type`, `code` and `param`, or are added. */
  readonly gatewayError?: Readonly<Record<string, unknown>>
  /** The gateway ran nothing, so Postern itself may try again. */
  readonly mayRetry?: boolean
  /** The gateway ran the call or may have run it. The client is told not to try again, whatever the code says. */
  readonly mayHaveRun?: boolean
  /** Seconds that the gateway asks to wait, in its answer or else in its documents. Becomes `retry_after` of the record. */
  readonly gatewayAskedSeconds?: number
  /** Value of `Retry-After`, in seconds. */
  readonly retryAfterSeconds?: number
  /** Further response headers, name and value in turn. */
  readonly headers?: readonly string[]
  /** Headers of the gateway's answer, name and value in turn; a page that gets the public record does not get them. */
  readonly gatewayHeaders?: readonly string[]
  /** How the call ended. Default: `upstream_error` for an error of the gateway, else `refused`. */
  readonly finish?: Finish
  /** The refused host or origin, for the ledger. */
  readonly refused?: string
  /** `WWW-Authenticate` of a 401 (RFC 9110, 11.6.1). Default: `Bearer realm="postern"`. */
  readonly challenge?: string
  /** The kind of credential that was refused, for the ledger. */
  readonly via?: Principal['via'] | undefined
  /** The underlying error, for the ledger. Never reaches the client. */
  readonly cause?: unknown
}

const mayHaveRunHelp = 'The gateway may have run and billed the call: look for its result before you send it again.'

/** An error answer to the client. Rooms throw it; the corridor writes it to the client and into the ledger, once. */
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

  /** A copy of this refusal for a call that the gateway ran: neither Postern nor the client may try again. */
  afterRun(): Refusal {
    return new Refusal(this.code, { help: mayHaveRunHelp, ...this.details, mayRetry: false, mayHaveRun: true })
  }

  /** Whether the client may send the request again: the code allows it, and the gateway cannot have run the call. */
  get retryable(): boolean {
    return errorCodes[this.code].retryable && this.details.mayHaveRun !== true
  }
}

/**
 * Why a call is ended before its answer is whole, as the refusal of it.
 *
 * @param isAtGateway Whether the call was sent to the gateway.
 */
export type Cut = (isAtGateway: boolean) => Refusal

/**
 * Refuses a request that has no answer at the deadline of a shutdown. Whether it had an effect is not known, so its client is
 * told not to repeat it by itself.
 */
export function cutAtShutdown(isAtGateway = false): Refusal {
  return new Refusal('draining', {
    message: isAtGateway
      ? 'This process was shut down before the call had ended.'
      : 'This process was shut down before the request was answered.',
    help: isAtGateway ? mayHaveRunHelp : 'Part of it may have been done: look for its result before you send it again.',
    finish: 'cut_shutdown',
    mayHaveRun: true,
    headers: ['Connection', 'close'],
  })
}

/** Ends a call whose session was revoked while the call was under way. */
export function cutByRevocation(isAtGateway = false): Refusal {
  const { help } = errorCodes.caller_revoked
  return new Refusal('caller_revoked', {
    message: 'The session was revoked while the call was under way.',
    help: isAtGateway ? `${help} ${mayHaveRunHelp}` : help,
    finish: 'cut_revoked',
    mayHaveRun: isAtGateway,
  })
}

/** Ends a stream that goes on behind what was set aside for it under the caller's limits. */
export function cutAtBudget(): Refusal {
  return new Refusal('budget_exhausted', {
    message: 'The answer went on behind the ceiling of its request, and used up what the limits had set aside for it.',
    help: 'What came until then can be used; the same call would end so again. For the operator: this gateway does not keep to the ceilings of requests.',
    finish: 'cut_budget',
    mayHaveRun: true,
  })
}

/** The client disconnected before its answer: nothing can be sent to it. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}
