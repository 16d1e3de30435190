import type { Budgets, CallNote, EntryKeeping, Ledger, Log } from '@postern/ports'
import { leaseMs } from './lease.js'
import { readNote } from './read-note.js'

/** The most entries that one process leaves in the store until its ledger has them: 10 MB and less. Further ones wait in memory alone. */
const mostLeft = 10_000

/** How many notes are taken over in one step. */
const mostTaken = 1000

/** A call that was taken for abandoned may leave both: the entry as interrupted, and later its own. */
function nameOf({ id, isSettled }: Dropped): string {
  return `${isSettled ? 's' : 'a'}:${id}`
}

type Dropped = Pick<CallNote, 'id' | 'isSettled'>

/**
 * The entries that the store keeps until the ledger has them: those that this process has left there, and those of dead processes that it
 * takes over. So an entry whose call is booked is stored, whatever dies in between.
 */
export class LeftNotes {
  readonly #budgets: Budgets
  readonly #ledger: Ledger | undefined
  readonly #log: Log
  /** Those that the ledger has not stored yet, by {@link nameOf}. */
  readonly #left = new Map<string, Dropped>()
  /** Calls that are booked, and that the ledger has not stored yet. */
  readonly #unstored = new Set<string>()
  #whenStored: (() => void)[] = []
  #drops: Dropped[] = []
  #dropping: Promise<void> | undefined

  constructor(budgets: Budgets, ledger: Ledger | undefined, log: Log) {
    this.#budgets = budgets
    this.#ledger = ledger
    this.#log = log
  }

  /** Whether another entry may be left in the store. One of this process's own memory ends with it. */
  get hasRoom(): boolean {
    return this.#ledger?.keeps === true && this.#budgets.scope !== 'process' && this.#left.size < mostLeft
  }

  /** The ids of reservations whose notes this process takes care of. */
  ids(): readonly string[] {
    return [...this.#left.values()].map(({ id }) => id)
  }

  add(note: Dropped): void {
    this.#left.set(nameOf(note), note)
  }

  /** The call is booked: from now on {@link stored} waits for its entry. */
  waitFor(id: string): void {
    this.#unstored.add(id)
  }

  /** Resolves once the ledger has every entry whose call is booked. */
  async stored(): Promise<void> {
    while (this.#unstored.size > 0) await new Promise<void>((stored) => this.#whenStored.push(stored))
  }

  /** The ledger has the entry, or it never had to be there: drops it, with others of this moment. */
  done(note: Dropped): void {
    this.#unstored.delete(note.id)
    if (this.#unstored.size === 0) for (const stored of this.#whenStored.splice(0)) stored()
    if (!this.#left.delete(nameOf(note))) return
    this.#drops.push(note)
    this.#dropping ??= Promise.resolve().then(() => this.#drop())
  }

  async #drop(): Promise<void> {
    try {
      while (this.#drops.length > 0) await this.#budgets.dropNotes(this.#drops.splice(0, mostTaken))
    } catch {
      // Whoever takes such a note over finds that the ledger has its entry.
    } finally {
      this.#drops = []
      this.#dropping = undefined
    }
  }

  /** Appends the entries of calls whose processes died, each once over all processes. @throws the error of the store. */
  async takeOver(): Promise<void> {
    for (;;) {
      const notes = await this.#budgets.takeNotes(mostTaken, leaseMs)
      const interrupted = notes.filter(({ isSettled }) => !isSettled)
      if (interrupted.length > 0)
        this.#log('warn', 'calls of a process that ended are in the ledger as interrupted', {
          count: interrupted.length,
          first: interrupted[0]?.id,
        })
      for (const note of notes) await this.#append(note)
      if (notes.length < mostTaken) return
    }
  }

  async #append({ id, isSettled, text, counted }: CallNote): Promise<void> {
    const entry = readNote(text)
    const note = { id, isSettled }
    this.add(note)
    if (this.#budgets.recovery !== undefined) this.waitFor(id)
    const keeps = this.#ledger?.keeps === true
    const keeping: EntryKeeping = {
      booked: Promise.resolve(),
      done: () => this.done(note),
      mayBeThere: () => true,
      isKnown: isSettled,
      counted: counted ?? entry?.counted,
    }
    try {
      // A ledger that stores nothing has been given what was settled.
      if (entry !== undefined && (keeps || !isSettled)) await this.#ledger?.append(entry, keeps ? keeping : undefined)
      if (entry === undefined || !keeps) this.done(note)
    } catch {
      this.done(note)
    }
  }

  /** Resolves once everything that the ledger has is dropped, or could not be. */
  async close(): Promise<void> {
    await this.#dropping
  }
}
