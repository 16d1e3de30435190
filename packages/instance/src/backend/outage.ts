import { LifeWatch } from '@postern/core'
import { meaningOf } from './for-backend.js'
import type { Witness } from '@postern/ports'
import type { ErrorCode } from '@postern/protocol'

/** Notices when the backend stops answering and when it answers again. */
export interface Outage {
  /** A request came for it. */
  asked(): void
  /** Such a request is over, also if the backend gave no answer. */
  over(): void
  answered(): void
  failed(error: Error): void
  /** The backend is used no more. */
  close(): void
}

/**
 * Failures in a row that count as an outage, because a single request may fail by itself. `backend_unavailable`, such as a
 * refused connection, counts at once.
 */
const failuresInARow = 3

/**
 * Tells the witness when an outage begins and when it ends, and not of each request.
 *
 * @param ping Asks the backend for a sign of life; rejects if there is none before the signal is aborted.
 */
export function createOutage(witness: Witness, ping: (signal: AbortSignal) => Promise<unknown>): Outage {
  let failures = 0
  let code: ErrorCode = 'backend_failed'
  const watch = new LifeWatch({
    ask: async (signal) => {
      try {
        await ping(signal)
      } catch (error) {
        code = signal.aborted ? 'backend_timeout' : meaningOf(error)
        throw error
      }
    },
    lost: (reason) => witness({ type: 'backend_lost', code, reason }),
    back: (afterMs) => witness({ type: 'backend_back', afterMs }),
  })
  return {
    asked: () => watch.asked(),
    over: () => watch.over(),
    answered() {
      failures = 0
      watch.heard()
    },
    failed(error) {
      failures += 1
      code = meaningOf(error)
      if (code === 'backend_unavailable' || failures >= failuresInARow) watch.failed('code' in error ? String(error.code) : error.message)
    },
    close: () => watch.close(),
  }
}
