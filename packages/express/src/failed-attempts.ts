import type { FailedAttempts } from '@postern/core'
import { ipKeyGenerator, MemoryStore, type Options } from 'express-rate-limit'

/** When failures are too many. */
export interface FailedAttemptsOptions {
  /** Failures that are let pass in a window. */
  readonly limit: number
  readonly windowMs: number
}

/**
 * Counts failed authentications by address, with express-rate-limit's store and its notion of an address:
 * an IPv6 caller is its /56 network.
 *
 * Only failures are counted and only failures are slowed down: behind a load balancer all callers share
 * one address, and one that guesses must not lock the others out.
 */
export function createFailedAttempts({ limit, windowMs }: FailedAttemptsOptions): FailedAttempts {
  const store = new MemoryStore()
  // The store reads nothing but the window.
  store.init({ windowMs } as Options)
  return {
    async count(address) {
      const { totalHits, resetTime } = await store.increment(ipKeyGenerator(address === '' ? '0.0.0.0' : address))
      if (totalHits <= limit) return 0
      return Math.max(1, Math.ceil(((resetTime?.getTime() ?? Date.now() + windowMs) - Date.now()) / 1000))
    },
  }
}
