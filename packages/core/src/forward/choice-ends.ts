/** Maximum number of tracked choices of a stream; APIs send far fewer. */
const maxChoices = 1024

/** Tracks whether each choice of a chat stream has a `finish_reason`: then the stream is complete, even without `[DONE]`. */
export class ChoiceEnds {
  readonly #ended = new Set<number>()
  /** The highest index of a choice. Indexes begin at 0, so there are as many choices as this and one more. */
  #highest = 0

  hear(record: object): void {
    const { choices } = record as { readonly choices?: unknown }
    if (!Array.isArray(choices)) return
    for (const [at, choice] of choices.slice(0, maxChoices).entries()) {
      if (typeof choice !== 'object' || choice === null) continue
      const { index = at, finish_reason: reason } = choice as { readonly index?: unknown; readonly finish_reason?: unknown }
      if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) continue
      this.#highest = Math.max(this.#highest, index)
      if (typeof reason === 'string' && reason !== '' && this.#ended.size < maxChoices) this.#ended.add(index)
    }
  }

  get all(): boolean {
    return this.#ended.size > this.#highest
  }
}
