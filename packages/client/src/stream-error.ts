import type { Finish, GovernanceRecord } from '@postern/protocol'

/** A stream that ended before its answer did. */
export class PosternStreamError extends Error {
  override readonly name = 'PosternStreamError'
  /** How it ended. */
  readonly finish: Finish
  /** The text of the answer as far as it came. */
  readonly received: string
  /** What is known of the request. */
  readonly record: GovernanceRecord | undefined

  constructor(finish: Finish, received: string, record: GovernanceRecord | undefined, cause?: unknown) {
    super(reasons[finish] ?? 'The answer is not whole.', { cause })
    this.finish = finish
    this.received = received
    this.record = record
  }
}

const reasons: Partial<Record<Finish, string>> = {
  truncated: 'The answer broke off; what came of it is in "received".',
  upstream_error: 'The gateway failed in the middle of its answer; what came of it is in "received".',
  cut_budget: 'The answer was cut because the budget is spent; what came of it is in "received".',
}
