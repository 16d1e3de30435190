/** A text that counts how often one of its characters is looked at. */
export class CountedText {
  looks = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get length(): number {
    return this.#text.length
  }

  charCodeAt(index: number): number {
    this.looks += 1
    return this.#text.charCodeAt(index)
  }

  indexOf(searched: string, from = 0): number {
    const found = this.#text.indexOf(searched, from)
    this.looks += (found === -1 ? this.length : found) - from
    return found
  }
}
