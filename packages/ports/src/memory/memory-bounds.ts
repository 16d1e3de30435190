/** How much a memory store keeps at most, of all callers together. `Room` says how much of it one caller may have. */
export interface MemoryBounds {
  /** Keys that were seen, and counts under keys, together; about 600 bytes each. */
  readonly entries: number
  /** About 600 bytes each. */
  readonly locks: number
  /** The counts of budgets, about 300 bytes each, and as much again for each caller. */
  readonly counts: number
  readonly reservations: number
  readonly revocations: number
}

export const defaultMemoryBounds: MemoryBounds = {
  entries: 500_000,
  locks: 400_000,
  counts: 800_000,
  reservations: 200_000,
  revocations: 100_000,
}
