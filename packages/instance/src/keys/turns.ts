/** Lets a few pieces of work run at once; the others wait in the order in which they came. */
export class Turns {
  readonly #most: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(most: number) {
    this.#most = most
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#most) await new Promise<void>((granted) => this.#waiting.push(granted))
    else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // The next piece of work takes this place, so `#running` stays the same.
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}
