import type { Finish, GovernanceRecord } from '@postern/protocol'

/** How a request ended. */
export interface Outcome {
  readonly finish: Finish
  /** What the client got; 499 where it left before it got anything. */
  readonly status: number
  /** Why, where it is not a plain answer: the error's code. */
  readonly code?: string
  readonly record: GovernanceRecord
  /** What lay underneath, for the log. */
  readonly cause?: unknown
  /** What was refused, for the log, where it stands nowhere else. */
  readonly refused?: string
}
