/** The most choices of a stream that are listened to; APIs give far fewer. */
const mostChoices = 1024

/** Listens whether each choice of a stream has said why it ended: then the stream is whole, whatever else stands at its end. */
export class ChoiceEnds {
  readonly #ended = new Set<number>()
  /** Choices are counted from 0, so the highest says how many there are. */
  #highest = 0

  hear(record: object): void {
    const { choices } = record as { readonly choices?: unknown }
    if (!Array.isArray(choices)) return
    for (const [at, choice] of choices.slice(0, mostChoices).entries()) {
      if (typeof choice !== 'object' || choice === null) continue
      const { index = at, finish_reason: reason } = choice as { readonly index?: unknown; readonly finish_reason?: unknown }
      if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) continue
      this.#highest = Math.max(this.#highest, index)
      if (typeof reason === 'string' && reason !== '' && this.#ended.size < mostChoices) this.#ended.add(index)
    }
  }

  get all(): boolean {
    return this.#ended.size > this.#highest
  }
}
