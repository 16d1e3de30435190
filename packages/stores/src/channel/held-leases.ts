import { type Budgets, StoreNotAsked } from '@postern/ports'

/** How many leases are ended in one step, so that the store serves others in between. */
const mostAtOnce = 1000

/** Knows what one process has set aside, and which notes it takes care of. */
export class HeldLeases {
  readonly #budgets: Budgets
  /** Reservations that are not settled. */
  readonly #open = new Set<string>()
  /** Notes that stay until the ledger has their entries. */
  readonly #notes = new Set<string>()
  #isAbandoned = false
  /** The budgets, for that process. */
  readonly watched: Budgets

  constructor(budgets: Budgets) {
    this.#budgets = budgets
    this.watched = {
      ...budgets,
      reserve: async (id, claims, leaseMs, owner, note) => {
        this.#open.add(id)
        const reserved = await budgets.reserve(id, claims, leaseMs, owner, note).catch((error: unknown) => {
          // If the store did not answer, the reservation may hold all the same.
          if (error instanceof StoreNotAsked) this.#open.delete(id)
          throw error
        })
        if (!reserved.granted) this.#open.delete(id)
        else if (this.#isAbandoned) await budgets.extend([id], 0)
        return reserved
      },
      settle: async (id, spent, left) => {
        const counted = await budgets.settle(id, spent, left)
        this.#open.delete(id)
        if (left !== undefined) await this.#keep([id])
        return counted
      },
      takeNotes: async (most, leaseMs) => {
        const notes = await budgets.takeNotes(most, leaseMs)
        await this.#keep(notes.map(({ id }) => id))
        return notes
      },
      dropNotes: async (notes) => {
        await budgets.dropNotes(notes)
        for (const { id } of notes) this.#notes.delete(id)
      },
    }
  }

  async #keep(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#notes.add(id)
    if (this.#isAbandoned && ids.length > 0) await this.#budgets.extend(ids, 0)
  }

  /**
   * Ends every lease, and books what was set aside.
   *
   * @returns How many reservations were not settled.
   */
  async abandon(): Promise<number> {
    this.#isAbandoned = true
    const ids = [...this.#open, ...this.#notes]
    for (let from = 0; from < ids.length; from += mostAtOnce) await this.#budgets.extend(ids.slice(from, from + mostAtOnce), 0)
    return this.#open.size
  }
}
