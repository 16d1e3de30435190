import type { Finish, GovernanceRecord } from '@postern/protocol'

/** How a request ended. */
export interface Outcome {
  readonly finish: Finish
  /** What the client got; 499 where it left before it got anything. */
  readonly status: number
  /** Why, where it is not a plain answer: the error's code. */
  readonly code?: string
  readonly record: GovernanceRecord
  /** The alias of a gateway key that the gateway's answer repeated. */
  readonly leaked?: string
  /** What lay underneath, for the log. */
  readonly cause?: unknown
  /** What was refused, for the log, where it stands nowhere else. */
  readonly refused?: string
}
