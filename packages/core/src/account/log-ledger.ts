import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino'
import type { Ledger, LedgerEntry } from './ledger.js'

/** How long a line may wait for others before it is written, in milliseconds. */
const longestWaitMs = 200

/** Entries that are written at once when requests are many: handing over costs as much as making ten lines. */
const largestBatch = 128

export interface LogLedger extends Ledger {
  /** Writes a line of the process itself into the same stream. */
  log(level: 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, unknown>>): void
  close(): Promise<void>
}

/** Writes entries as JSON lines, by default to stdout: one line a request, grouped under load. */
export function createLogLedger(stream?: DestinationStream): LogLedger {
  const out = stream ?? destination({ dest: 1, sync: false })
  const logger = pino({ base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, out)
  // Entries are grouped here and not by the stream, which measures all that waits again with each line.
  let waiting: LedgerEntry[] = []
  const release = (): void => {
    if (waiting.length === 0) return
    const lines = waiting.map(writeLine).join('')
    waiting = []
    out.write(lines)
  }
  const flush = (): Promise<void> => {
    release()
    return new Promise((resolve, reject) => {
      logger.flush((error) => {
        if (error === undefined || error === null || cannotSync(error)) resolve()
        else reject(error)
      })
    })
  }
  const timer = setInterval(release, longestWaitMs).unref()
  return {
    append(entry) {
      waiting.push(entry)
      if (waiting.length === largestBatch) release()
    },
    log(level, message, facts = {}) {
      release()
      logger[level](facts, message)
    },
    flush,
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

/** An entry is all that a line holds and has its own time, so pino's way of putting a line together would only cost. */
function writeLine(entry: LedgerEntry): string {
  return `{"level":"${entry.status >= 500 ? 'error' : 'info'}","msg":"request",${JSON.stringify(entry).slice(1)}\n`
}

/** The lines are written; a pipe or terminal only has no disk to be pressed onto. */
function cannotSync(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'fsync'
}
