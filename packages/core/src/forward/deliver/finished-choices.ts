/** The most choices that are read from one event, and the most finished choices that are stored. APIs send far fewer. */
const maxChoices = 1024

/** Tracks which choices of a chat stream have a `finish_reason`. If all have one, the stream is complete, even without `[DONE]`. */
export class FinishedChoices {
  readonly #finished = new Set<number>()
  /** The highest index of a choice so far. Indexes begin at 0, so the stream has `#highest + 1` choices. */
  #highest = 0

  /** Reads the `choices` of one event, or of a JSON document that came instead of a stream. */
  add(document: object): void {
    const { choices } = document as { readonly choices?: unknown }
    if (!Array.isArray(choices)) return
    for (const [at, choice] of choices.slice(0, maxChoices).entries()) {
      if (typeof choice !== 'object' || choice === null) continue
      const { index = at, finish_reason: reason } = choice as { readonly index?: unknown; readonly finish_reason?: unknown }
      if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) continue
      this.#highest = Math.max(this.#highest, index)
      if (typeof reason === 'string' && reason !== '' && this.#finished.size < maxChoices) this.#finished.add(index)
    }
  }

  /** Whether every choice from index 0 to `#highest` has a `finish_reason`. `false` before the first choice has one. */
  get allFinished(): boolean {
    return this.#finished.size > this.#highest
  }
}
