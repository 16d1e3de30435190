import type { Scope } from './scope.js'

/** Counts under keys, each until a time: the calls of a session, those of a network in a window. */
export interface Counters {
  readonly scope: Scope
  /**
   * Adds 1 to the count of a key. Atomic: of several calls at once, no two get the same count.
   *
   * @param untilMs When the count is forgotten, in milliseconds since the epoch. Only that of the first call counts.
   * @returns The new count, at least 1.
   * @throws {Error} by rejecting, if the store cannot be asked or has no room. A call that was given up may still have counted.
   */
  add(key: string, untilMs: number): Promise<number>
}
