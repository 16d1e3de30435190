/** For how long a reservation holds without word from its process, in milliseconds. */
export const leaseMs = 60_000

/** How often leases are extended, settlements tried again, and leases of dead processes booked, in milliseconds. */
export const roundMs = 20_000

/** Without word for so long, in milliseconds, a process may have been taken for dead, by the clock of its machine. */
const doubtMs = leaseMs - roundMs

/** Knows whether others may have taken what this process holds for abandoned: the machine slept, or the store could not be asked. */
export class LeaseWatch {
  #extendedMs = Date.now()
  #doubtedMs = -Infinity

  /** Leases were extended, or there was none. */
  extended(): void {
    const nowMs = Date.now()
    if (nowMs - this.#extendedMs > doubtMs) this.#doubtedMs = nowMs
    this.#extendedMs = nowMs
  }

  /** @param sinceMs When the lease began, in milliseconds since the epoch. */
  isDoubtful(sinceMs: number): boolean {
    return sinceMs <= this.#doubtedMs || Date.now() - Math.max(sinceMs, this.#extendedMs) > doubtMs
  }
}
