import { meaningOf } from './for-backend.js'
import type { Log } from '@postern/ports'

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

/** Writes one log line when an outage begins and one when it ends, and none for each request. */
export function createOutage(log: Log): Outage {
  let failures = 0
  let since: number | undefined
  return {
    answered() {
      failures = 0
      if (since === undefined) return
      log('info', 'the backend answers again', { after_ms: Math.round(performance.now() - since) })
      since = undefined
    },
    failed(error) {
      failures += 1
      const code = meaningOf(error)
      if (since !== undefined || (code !== 'backend_unavailable' && failures < failuresInARow)) return
      since = performance.now()
      log('warn', 'the backend does not answer', { code, cause: 'code' in error ? String(error.code) : error.message })
    },
  }
}
