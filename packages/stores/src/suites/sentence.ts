/**
 * Gives a handle on one and the same place, which nobody has used before: each sentence gets an `open` of its own. A sentence opens
 * two handles at most, and closes none unless it says so; whoever runs it does, behind it.
 */
export type Open<Port> = () => Port | Promise<Port>

/** What every implementation of a port does, in one sentence. */
export interface Sentence<Port> {
  /** Goes on from the name of what is tested: `forgets a key after its time`. Each has its own in a suite. */
  readonly title: string
  /**
   * Takes up to 20 seconds, where every item waits for a disk.
   *
   * @throws {Error} by rejecting, if it is not true.
   */
  readonly run: (open: Open<Port>) => Promise<void>
}

/** A time that is not over before a sentence is, in milliseconds since the epoch. */
export function inAMinute(): number {
  return Date.now() + 60_000
}
