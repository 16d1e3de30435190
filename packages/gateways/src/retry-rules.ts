import type { ErrorCondition } from './error-condition.js'

/**
 * What Postern may retry without asking the client, how often, and after which wait.
 *
 * A failure is listed only if the gateway's own source or documents show that nothing ran: a provider may have
 * completed, and billed, a call that looks failed. A document that merely advises a retry is not enough. So Postern
 * never retries after the first byte of an answer, after a 4xx other than documented throttling, or after a used-up
 * quota. For all other failures, `X-Should-Retry` tells the client whether to retry.
 */
export interface RetryRules {
  /** Attempts in all, the first one included. */
  readonly attempts: number
  /**
   * Upper bound of the first wait, in milliseconds. It doubles with each attempt; the wait is random, from 0 to the
   * bound.
   */
  readonly firstWaitMs: number
  /**
   * Upper bound of every wait, in milliseconds. If the gateway asks for a longer one, the client is told to wait
   * instead.
   */
  readonly longestWaitMs: number
  readonly after: readonly RetryRule[]
}

/** A failure after which Postern may retry. */
export interface RetryRule extends ErrorCondition {
  /** Why a retry is safe, for people. */
  readonly because: string
}

/** Three attempts within about a second: enough for a short fault, and no client gives up meanwhile. */
export const defaultWaits = { attempts: 3, firstWaitMs: 250, longestWaitMs: 2000 } as const
