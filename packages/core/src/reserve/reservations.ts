import type { Budgets, Log } from '@postern/ports'

/** For how long a reservation holds without word from its process, in milliseconds. */
export const leaseMs = 60_000

/** How often leases are extended, settlements tried again, and leases of dead processes booked, in milliseconds. */
const roundMs = 20_000

/** The most settlements that wait to be tried again. One that is given up is booked in full when its lease ends. */
const mostWaiting = 100_000

/** How many abandoned reservations are booked in one round. */
const mostAbandoned = 1000

/** Keeps the reservations of this process alive, and books them when their calls end. */
export class Reservations {
  readonly #budgets: Budgets
  readonly #log: Log
  readonly #open = new Set<string>()
  readonly #waiting = new Map<string, readonly number[]>()
  readonly #settling = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout

  constructor(budgets: Budgets, log: Log) {
    this.#budgets = budgets
    this.#log = log
    this.#timer = setInterval(() => void this.round(), roundMs).unref()
  }

  add(id: string): void {
    this.#open.add(id)
  }

  /** Books what was spent. If the store cannot be asked, tries again later; never rejects. */
  settle(id: string, spent: readonly number[]): void {
    this.#open.delete(id)
    const settling = this.#book(id, spent)
    this.#settling.add(settling)
    void settling.finally(() => this.#settling.delete(settling))
  }

  async #book(id: string, spent: readonly number[]): Promise<void> {
    try {
      await this.#budgets.settle(id, spent)
    } catch {
      if (this.#waiting.size < mostWaiting) this.#waiting.set(id, spent)
    }
  }

  /** Extends every lease, tries again what could not be booked, and books what others left behind. */
  async round(): Promise<void> {
    try {
      if (this.#open.size > 0) await this.#budgets.extend([...this.#open], leaseMs)
      for (const [id, spent] of this.#waiting) {
        await this.#budgets.settle(id, spent)
        this.#waiting.delete(id)
      }
      const abandoned = await this.#budgets.bookAbandoned(mostAbandoned)
      if (abandoned.length > 0)
        this.#log('warn', 'reservations of a process that ended are booked in full', { count: abandoned.length, first: abandoned[0] })
    } catch {
      // The next round tries again. Whoever reserves meanwhile is told that the store cannot be asked.
    }
  }

  /** Waits for what is being booked, and stops. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#settling)
  }
}
