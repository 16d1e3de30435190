/** A call that waits. `attempt` tries to set aside what it wants. */
export interface Waiter {
  /** Whose call it is: callers take turns. */
  readonly caller: string
  /** Resolves to `false` if there is still no room; then the call waits on. Must not reject. */
  readonly attempt: () => Promise<boolean>
  /** There is no place for the call any more, since others had fewer. */
  readonly displaced: () => void
}

/** The calls of one caller, in their order. */
interface Line {
  readonly caller: string
  readonly waiters: Set<Waiter>
  /** The same, the newest last, and some that have left. */
  newest: Waiter[]
}

/**
 * The calls that wait for one of the streams of a limit to end. Callers take turns, and the calls of one caller keep their order. Every
 * step costs the same, however many wait.
 */
export class StreamQueue {
  /** The callers, who is next first. */
  readonly #lines = new Map<string, Line>()
  /** The lines of each length, to find the longest. */
  readonly #byLength: Set<Line>[] = []
  #waiting = 0
  #isTrying = false
  #triesAgain = false

  get waiting(): number {
    return this.#waiting
  }

  /**
   * Adds a call at the end of its caller's line. If there are `most`, the last call of the longest line loses its place, if that line is
   * longer than the new call's own would be.
   *
   * @returns `false` if there is no place.
   */
  add(waiter: Waiter, most: number): boolean {
    const line = this.#lines.get(waiter.caller)
    if (this.#waiting >= most && !this.#displaceFor((line?.waiters.size ?? 0) + 1)) return false
    const own = this.#lines.get(waiter.caller) ?? { caller: waiter.caller, waiters: new Set(), newest: [] }
    this.#lines.set(waiter.caller, own)
    this.#resize(own, () => own.waiters.add(waiter))
    own.newest.push(waiter)
    if (own.newest.length > 2 * own.waiters.size + 16) own.newest = [...own.waiters]
    this.#waiting += 1
    return true
  }

  /** A call waits no more. */
  delete(waiter: Waiter): void {
    const line = this.#lines.get(waiter.caller)
    if (line?.waiters.has(waiter) !== true) return
    this.#resize(line, () => line.waiters.delete(waiter))
    this.#waiting -= 1
    if (line.waiters.size === 0) this.#lines.delete(line.caller)
  }

  /** There may be room: lets calls try, one after the other, until one finds none. */
  async advance(): Promise<void> {
    this.#triesAgain = true
    if (this.#isTrying) return
    this.#isTrying = true
    while (this.#triesAgain) {
      this.#triesAgain = false
      while (await this.#letNextTry());
    }
    this.#isTrying = false
  }

  async #letNextTry(): Promise<boolean> {
    const [line] = this.#lines.values()
    const [next] = line?.waiters ?? []
    if (line === undefined || next === undefined || !(await next.attempt())) return false
    this.delete(next)
    // The other callers come before this one's next call.
    if (this.#lines.get(line.caller) === line) {
      this.#lines.delete(line.caller)
      this.#lines.set(line.caller, line)
    }
    return true
  }

  #displaceFor(length: number): boolean {
    const [longest] = this.#byLength.at(-1) ?? []
    if (longest === undefined || longest.waiters.size <= length) return false
    let last = longest.newest.pop()
    while (last !== undefined && !longest.waiters.has(last)) last = longest.newest.pop()
    if (last === undefined) return false
    this.delete(last)
    last.displaced()
    return true
  }

  #resize(line: Line, change: () => void): void {
    this.#byLength[line.waiters.size]?.delete(line)
    change()
    const { size } = line.waiters
    if (size > 0) (this.#byLength[size] ??= new Set()).add(line)
    while (this.#byLength.length > 0 && (this.#byLength.at(-1)?.size ?? 0) === 0) this.#byLength.pop()
  }
}
