import { meaningOf } from './for-backend.js'
import type { Witness } from '@postern/ports'

/** Notices when the backend stops answering and when it answers again. */
export interface Outage {
  answered(): void
  failed(error: Error): void
}

/**
 * Failures in a row that count as an outage, because a single request may fail by itself. `backend_unavailable`, such as a
 * refused connection, counts at once.
 */
const failuresInARow = 3

/** Tells the witness when an outage begins and when it ends, and not of each request. */
export function createOutage(witness: Witness): Outage {
  let failures = 0
  let since: number | undefined
  return {
    answered() {
      failures = 0
      if (since === undefined) return
      witness({ type: 'backend_back', afterMs: Math.round(performance.now() - since) })
      since = undefined
    },
    failed(error) {
      failures += 1
      const code = meaningOf(error)
      if (since !== undefined || (code !== 'backend_unavailable' && failures < failuresInARow)) return
      since = performance.now()
      witness({ type: 'backend_lost', code, reason: 'code' in error ? String(error.code) : error.message })
    },
  }
}
