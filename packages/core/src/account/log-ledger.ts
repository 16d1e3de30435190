import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino'
import type { Ledger } from './ledger.js'

/** How long a line may wait for others before it is written, in milliseconds. */
const longestWaitMs = 200

/** Bytes that are written at once when requests are many. */
const batchBytes = 8192

export interface LogLedger extends Ledger {
  /** Writes a line of the process itself into the same stream. */
  log(level: 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, unknown>>): void
  close(): Promise<void>
}

/** Writes entries as JSON lines, by default to stdout: one line a request, grouped under load. */
export function createLogLedger(stream?: DestinationStream): LogLedger {
  const out = stream ?? destination({ dest: 1, sync: false, minLength: batchBytes })
  const logger = pino({ base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, out)
  // An entry has its own time, the one at which the request arrived.
  const entries = pino({ base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } }, out)
  const flush = (): Promise<void> =>
    new Promise((resolve, reject) => {
      entries.flush((error) => {
        if (error === undefined || error === null || cannotSync(error)) resolve()
        else reject(error)
      })
    })
  const timer = setInterval(() => entries.flush(), longestWaitMs).unref()
  return {
    append(entry) {
      if (entry.status >= 500) entries.error(entry, 'request')
      else entries.info(entry, 'request')
    },
    log(level, message, facts = {}) {
      logger[level](facts, message)
    },
    flush,
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

/** The lines are written; a pipe or terminal only has no disk to be pressed onto. */
function cannotSync(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'fsync'
}
