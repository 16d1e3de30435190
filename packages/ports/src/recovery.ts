/** What one call counts as in one window of a budget, in the words of the store: enough to count it anew. */
export interface KeptCount {
  /** Names the window in the store. */
  readonly window: string
  /** A whole number of the smallest part of the unit: of money, a billionth. */
  readonly amount: number
  /** When the window ends, in milliseconds since the epoch by the clock of the store; `undefined`: never. */
  readonly endsMs: number | undefined
  /** When its count is forgotten, likewise; `undefined`: never. */
  readonly forgetsMs: number | undefined
}

/** A call under way, as a process puts it back into a store that lost writes. */
export interface HeldCall {
  /** The id of its reservation. */
  readonly id: string
  /** What it has set aside. */
  readonly parts: readonly KeptCount[]
  /** As `Budgets.reserve` was given it. */
  readonly note: string | undefined
}

/** Which counts a store has: those of before and after a recovery are different ones. */
export interface CountsOf {
  /** Names them. A recovery gives them another name. */
  readonly generation: string
  /** A number that only grows as the store counts. */
  readonly serial: number
}

/** How the counts of a store are. */
export interface CountsState extends CountsOf {
  /** Nobody has said yet that these counts may be relied on: the store began them because it had none. */
  readonly isNew: boolean
  /** The counts were built anew, and this process has not put its calls into them. */
  readonly isBehind: boolean
  /** Writes were lost; nothing is counted until the counts are built anew. */
  readonly lost:
    | {
        /** Names this loss. */
        readonly name: string
        /** How long ago it was found, in milliseconds. */
        readonly ageMs: number
        /** How many processes live that have not put their calls back. */
        readonly missing: number
      }
    | undefined
}

/**
 * What a store has that may lose writes which it acknowledged: it was put back to an earlier state, or emptied. Whoever counts in it learns of
 * that by `StoreLost`. Then each process puts its calls back, and one of them builds the counts anew.
 *
 * Every method rejects if the store cannot be asked.
 */
export interface Recovery {
  /** Says that this process lives, and looks how the counts are. */
  look(): Promise<CountsState>
  /** Says that the counts may be relied on. */
  confirm(): Promise<void>
  /** Says that writes were lost. */
  declare(): Promise<void>
  /**
   * Puts the calls of this process back, after a loss. Afterwards it is not `missing` any more.
   *
   * @returns Whether the loss is not over: otherwise nothing was done.
   */
  join(name: string, held: readonly HeldCall[]): Promise<boolean>
  /** Puts the calls of this process into counts that others built anew, whatever their limits say: it is not behind any more. */
  adopt(held: readonly HeldCall[]): Promise<void>
  /** Makes this process the one that builds anew, or keeps it that, for half a minute. @returns Whether it is. */
  lead(name: string): Promise<boolean>
  /**
   * Has `takeNotes` tell of every call that nobody has put back. Only for who leads.
   *
   * @param name That of the loss.
   */
  release(name: string): Promise<void>
  /** Takes all counts away. Only for who leads. */
  clear(name: string): Promise<void>
  /** Writes what ended calls have spent. Only for who leads. */
  write(name: string, counts: readonly KeptCount[]): Promise<void>
  /**
   * Puts the calls back that processes joined with, and ends the loss. Only for who leads.
   *
   * @param generation The name of the counts from now on, of {@link next}.
   */
  finish(name: string, generation: string): Promise<void>
  /** Names the counts that follow those of now. */
  next(): Promise<string>
  /** What is counted, page by page: those after this window. An empty page is the last. */
  counts(after: string | undefined): Promise<{ readonly counts: readonly KeptCount[]; readonly mark: string | undefined }>
  /** This process ends: nobody waits for it. */
  leave(): Promise<void>
}

/** The counts that a ledger keeps beside its calls: for every window what the calls that it has stored counted as. */
export interface LedgerCounts {
  /** Of which store the ledger has them; `undefined`: of none. */
  generation(): Promise<CountsOf | undefined>
  /** From now on the ledger's counts are those of this generation. */
  begin(of: CountsOf): Promise<void>
  /** What the store had counted before the ledger knew of it. Where the ledger has counted more in a window, that stays. */
  add(counts: readonly KeptCount[]): Promise<void>
  /** The store has come so far. */
  reached(of: CountsOf): Promise<void>
  /** The counts of windows that are not forgotten, in the order of their names: up to a thousand after this one. */
  page(after: string | undefined): Promise<readonly KeptCount[]>
}
