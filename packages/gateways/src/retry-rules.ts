import type { ErrorCondition } from './dialect.js'

/**
 * What may be tried again without asking the client, how often and after which wait.
 *
 * Only where the gateway's own source or documents show that nothing was run: a provider may have completed, and
 * billed, what looked failed. That a document advises a retry is not enough. So never after the first byte of an
 * answer, never a 4xx but documented throttling, never a quota. What is left to the client says so in
 * `x-should-retry`.
 */
export interface RetryRules {
  /** Attempts in all, the first one included. */
  readonly attempts: number
  /** The longest first wait, in milliseconds; it doubles with each attempt, and what is waited is drawn from nothing to all of it. */
  readonly firstWaitMs: number
  /** No wait is longer. Where the gateway asks for more, the client is told to wait instead. */
  readonly longestWaitMs: number
  readonly after: readonly RetryRule[]
}

export interface RetryRule extends ErrorCondition {
  /** Why that is safe, for people. */
  readonly because: string
}

/** Three attempts within about a second: long enough for a hiccup, too short for a client to give up. */
export const usualWaits = { attempts: 3, firstWaitMs: 250, longestWaitMs: 2000 } as const
