import type { Principal } from '@postern/ports'
import type { Finish, GovernanceRecord } from '@postern/protocol'

/** How a request ended. */
export interface Outcome {
  readonly finish: Finish
  /** The status that the client got; 499 if it left before the head was sent. */
  readonly status: number
  /** The code of the error, if the call ended with one. */
  readonly code?: string
  readonly record: GovernanceRecord
  /** The whole record as the client got it, as one line of JSON; `undefined`: its client got another, or none. */
  readonly told?: string | undefined
  /** Of a call that was sent and failed: whether the gateway may have run it; `undefined`: nothing says so, or that it has not. */
  readonly mayHaveRun?: boolean
  /** The request id of the call whose answer the client got, with the same `Idempotency-Key`. */
  readonly joined?: string
  /** The alias of a gateway key that the gateway's answer held. */
  readonly leaked?: string
  /** The kind of credential that was refused, for the ledger. */
  readonly via?: Principal['via']
  /** The underlying error, for the ledger. */
  readonly cause?: unknown
  /** What a middleware in front threw when Postern wrote the head of a refusal. Then no answer was sent. */
  readonly thrown?: { readonly error: unknown }
  /** The refused host or origin, for the ledger. */
  readonly refused?: string
}
