/** What is asked of a process under test. */
export interface Question {
  /** Whether it is to collect its garbage first. */
  readonly collect: boolean
}

/** How a process under test is, since it was asked last. */
export interface Vitals {
  readonly longestTurnMs: number
  readonly warnings: readonly string[]
  /** Connections of clients that are open. */
  readonly clients: number
  /** Connections that keep the process alive, at either end: those that wait in a pool for their next request do not. */
  readonly inUse: number
  readonly heapBytes: number
}
