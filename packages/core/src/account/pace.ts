import type { EntryKeeping, Identify, Ledger, LedgerEntry } from '@postern/ports'

/**
 * Slows callers while the ledger is full. `account` never waits: the call that filled the queue has its answer already. The calls that
 * come next wait before it is asked who they are, as long as the promise of `Ledger.append` says.
 */
export class LedgerPace {
  readonly #ledger: Ledger
  #full: Promise<void> | undefined

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Appends an entry; the parameters are those of `Ledger.append`. @throws the error of the ledger. */
  append(entry: LedgerEntry, keeping?: EntryKeeping, record?: string): void {
    const room = this.#ledger.append(entry, keeping, record)
    if (room === undefined || this.#full !== undefined) return
    const over = (): void => {
      this.#full = undefined
    }
    this.#full = room.then(over, over)
  }

  /** An `identify` that waits for the ledger first. Without a full ledger it costs one comparison. */
  slow(identify: Identify): Identify {
    return (arrival) => (this.#full === undefined ? identify(arrival) : this.#full.then(() => identify(arrival)))
  }
}
