import type { FailedAttempts } from '@postern/identity'
import { MemoryStore, type Options } from 'express-rate-limit'
import { networkOf } from './network-of.js'

/** How many failures are allowed, and in what time. */
export interface FailedAttemptsOptions {
  /** Failures of one address that are not slowed down in one window. */
  readonly limit: number
  readonly windowMs: number
}

/**
 * Counts failed authentications by address, with express-rate-limit's store. As in express-rate-limit, an IPv6 caller
 * is its /56 network.
 *
 * Only failures are counted and only failures are slowed down: behind a load balancer all callers share one address,
 * and a caller that guesses must not lock the others out.
 */
export function createFailedAttempts({ limit, windowMs }: FailedAttemptsOptions): FailedAttempts {
  const store = new MemoryStore()
  // The store reads only `windowMs` of these options.
  store.init({ windowMs } as Options)
  return {
    async count(address) {
      const { totalHits, resetTime } = await store.increment(networkOf(address))
      if (totalHits <= limit) return 0
      return Math.max(1, Math.ceil(((resetTime?.getTime() ?? Date.now() + windowMs) - Date.now()) / 1000))
    },
    close: () => store.shutdown(),
  }
}
