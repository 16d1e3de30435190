/** Counts failures and keeps the words of the first. */
export class Failures {
  #count = 0
  #first: string | undefined

  readonly note = (error: unknown): void => {
    this.#count += 1
    this.#first ??= error instanceof Error ? error.message : String(error)
  }

  outcome(): { errors: number; firstError?: string } {
    return this.#first === undefined ? { errors: this.#count } : { errors: this.#count, firstError: this.#first }
  }
}
