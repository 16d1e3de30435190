/** Counts calls in flight, so that `Runtime.close` can wait for them. */
export class InFlight {
  #count = 0
  #waiting: (() => void)[] = []

  /** How many are in flight. */
  get count(): number {
    return this.#count
  }

  begin(): void {
    this.#count += 1
  }

  end(): void {
    this.#count -= 1
    if (this.#count > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves once no call is in flight. */
  none(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }
}
