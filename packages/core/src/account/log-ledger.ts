import { redactKeys } from '@postern/gateways'
import { asciiJson } from '@postern/protocol'
import { pino, stdTimeFunctions } from 'pino'
import type { Ledger, LedgerEntry } from './ledger.js'
import { writeLedgerLine } from './ledger-line.js'
import { createLineWriter, type LineWriter } from './line-writer.js'

/** How long a line may wait for others before it is written, in milliseconds. */
const longestWaitMs = 200

/** Entries that are written at once when requests are many: handing over costs as much as making ten lines. */
const largestBatch = 128

const standardOutput = 1

export interface LogLedger extends Ledger {
  /** Writes a line of the process itself into the same stream. */
  log(level: 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, unknown>>): void
  close(): Promise<void>
}

/** Writes entries as JSON lines, by default to stdout: one line a request, grouped under load. */
export function createLogLedger(writer: LineWriter = createLineWriter(standardOutput, warnOfLoss)): LogLedger {
  // Whatever is written passes here: terminals act upon some characters, and readers of lines end lines at others.
  const write = (lines: string): void => writer.write(asciiJson(lines))
  const formatters = { level: (label: string) => ({ level: label }) }
  const logger = pino({ base: null, timestamp: stdTimeFunctions.isoTime, formatters }, { write })
  // Entries are grouped here, so that writing is begun once for many.
  let waiting: LedgerEntry[] = []
  const release = (): void => {
    if (waiting.length === 0) return
    const lines = waiting.map(writeLedgerLine).join('')
    waiting = []
    write(lines)
  }
  const flush = (): Promise<void> => {
    release()
    return writer.flush()
  }
  const timer = setInterval(release, longestWaitMs).unref()
  return {
    append(entry) {
      waiting.push(entry)
      if (waiting.length === largestBatch) release()
    },
    event({ event, ...facts }) {
      release()
      const { time: _, ...told } = facts
      logger.info(told, event)
    },
    log(level, message, facts = {}) {
      release()
      logger[level](withoutKeys(facts), redactKeys(message))
    },
    flush,
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

/** Requests are answered all the same; that their lines are lost must not be silent. */
function warnOfLoss(reason: string): void {
  process.emitWarning(`Ledger lines are being lost: ${reason}`, { code: 'POSTERN_LEDGER' })
}

/** A process line may quote text that a client or gateway wrote: whatever has the form of a key becomes `[redacted]`. */
function withoutKeys(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'string' ? redactKeys(fact) : fact]))
}
