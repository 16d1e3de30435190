import type { LogLedger } from '@postern/instance'
import type { Ledger } from '@postern/ports'

/** A ledger that gives each entry to the log and to a ledger that answers questions. Events are for the log alone. */
export function appendToBoth(log: LogLedger, kept: Ledger): Ledger {
  return {
    ...(kept.keeps === true ? { keeps: true } : {}),
    counts: kept.counts,
    append(entry, keeping, record) {
      if (keeping?.isKnown !== true) log.append(entry, keeping, record)
      return kept.append(entry, keeping)
    },
    event: (event) => log.event?.(event),
    async flush() {
      await Promise.all([log.flush(), kept.flush()])
    },
  }
}
