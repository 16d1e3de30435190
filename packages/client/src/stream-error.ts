import type { Finish, GovernanceRecord } from '@postern/protocol'

/** What is known of a stream that is not complete. */
export interface BrokenStream {
  /** How it ended. */
  readonly finish: Finish
  /** The text of the answer as far as it came; at most its first million characters. */
  readonly received: string
  /** The governance record of the request, as far as it is known. */
  readonly record: GovernanceRecord | undefined
  /** What broke it: an error of the connection, or the `error` of the gateway's failure event. */
  readonly cause?: unknown
}

/** Thrown by a stream that ended before its answer was complete. */
export class PosternStreamError extends Error {
  override readonly name = 'PosternStreamError'
  /** How it ended. */
  declare readonly finish: Finish
  /** The text of the answer as far as it came; at most its first million characters. */
  declare readonly received: string
  /** The governance record of the request, as far as it is known. */
  declare readonly record: GovernanceRecord | undefined

  constructor({ finish, received, record, cause }: BrokenStream) {
    super(`The answer ${reasons[finish] ?? 'is not whole'}; see "received".`, { cause })
    Object.assign(this, { finish, received, record })
  }
}

const reasons: Partial<Record<Finish, string>> = {
  truncated: 'broke off',
  upstream_error: 'ended: the gateway failed',
  cut_budget: 'outgrew its budget',
  cut_shutdown: 'was cut at a shutdown',
  cut_revoked: 'was cut: its session was revoked',
}
