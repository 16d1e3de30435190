import { redactKeys } from '@postern/gateways'
import type { EntryKeeping, Ledger, LedgerEntry } from '@postern/ports'
import { asciiJson } from '@postern/protocol'
import { pino, stdTimeFunctions } from 'pino'
import { writeLedgerLine } from './ledger-line.js'
import { createLineWriter, type LineWriter } from './line-writer.js'

/** How long a line may wait for others before it is written, in milliseconds. */
const maxWaitMs = 200

/** Largest number of entries in one write: a write costs as much as formatting ten lines. */
const maxBatch = 128

const standardOutput = 1

/** A ledger that writes JSON lines, and also takes log lines of the process. */
export interface LogLedger extends Ledger {
  /** Takes an entry; never asks callers to wait. */
  append(entry: LedgerEntry, keeping?: EntryKeeping, record?: string): void
  /** Writes a line of the process itself into the same stream. */
  log(level: 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, unknown>>): void
  /** Writes whole lines of another process's log into the same stream, as they are. */
  pass(lines: string): void
  /** Stops the timer, and resolves once every line is written or lost. */
  close(): Promise<void>
}

/**
 * Writes entries as JSON lines, by default to stdout: one line per request. Lines wait up to 200 ms and are written in
 * groups of up to 128. If the reader is too slow, lines are lost, with the process warning `POSTERN_LEDGER`.
 *
 * @param writer Where the lines go. Default: file descriptor 1.
 */
export function createLogLedger(writer: LineWriter = createLineWriter(standardOutput, warnOfLoss)): LogLedger {
  // All output passes here. `asciiJson` escapes characters that terminals obey, and those that some readers take for line ends.
  const write = (lines: string): void => writer.write(asciiJson(lines))
  const formatters = { level: (label: string) => ({ level: label }) }
  const logger = pino({ base: null, timestamp: stdTimeFunctions.isoTime, formatters }, { write })
  // Lines wait here, so that one write takes many.
  let waiting = ''
  let count = 0
  const release = (): void => {
    if (count === 0) return
    const lines = waiting
    waiting = ''
    count = 0
    write(lines)
  }
  const flush = (): Promise<void> => {
    release()
    return writer.flush()
  }
  const timer = setInterval(release, maxWaitMs).unref()
  return {
    append(entry, _keeping, record) {
      waiting += writeLedgerLine(entry, record)
      count += 1
      if (count === maxBatch) release()
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
    pass: (lines) => writer.write(lines),
    flush,
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

/** Lost lines do not stop requests, but the operator must learn of them. */
function warnOfLoss(reason: string): void {
  process.emitWarning(`Ledger lines are being lost: ${reason}`, { code: 'POSTERN_LEDGER' })
}

/** A process line may quote a client or gateway: text with the form of a key becomes `[redacted]`. */
function withoutKeys(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'string' ? redactKeys(fact) : fact]))
}
