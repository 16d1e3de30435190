import type { Ledger, LedgerEntry, LedgerEvent } from '@postern/ports'

/** A ledger that keeps its entries for a test to read. */
export interface MemoryLedger extends Ledger {
  readonly entries: LedgerEntry[]
  /** What happened besides calls. */
  readonly events: LedgerEvent[]
  /** Resolves with the first entry that fits, as soon as there is one. */
  entry(fits: (entry: LedgerEntry) => boolean): Promise<LedgerEntry>
}

export function createMemoryLedger(): MemoryLedger {
  const entries: LedgerEntry[] = []
  const events: LedgerEvent[] = []
  const waiting: { fits: (entry: LedgerEntry) => boolean; take: (entry: LedgerEntry) => void }[] = []
  return {
    entries,
    events,
    event(event) {
      events.push(event)
    },
    append(entry) {
      entries.push(entry)
      for (const { fits, take } of waiting) if (fits(entry)) take(entry)
    },
    flush: () => Promise.resolve(),
    entry(fits) {
      const found = entries.find(fits)
      return found === undefined ? new Promise((take) => waiting.push({ fits, take })) : Promise.resolve(found)
    },
  }
}
