/** Says at which byte of a text in UTF-8 a character stands. */
export class ByteOffsets {
  readonly #text: string
  readonly #isAscii: boolean
  /** What was asked for last, from which the next is counted. */
  #character = 0
  #byte = 0

  /** @param bytes The length of the text in bytes. */
  constructor(text: string, bytes: number) {
    this.#text = text
    // Every other character takes more bytes than JavaScript counts for it.
    this.#isAscii = text.length === bytes
  }

  /** @param character Counted in UTF-16, as positions in texts are. Asked for in the order of the text, it is counted through once. */
  at(character: number): number {
    if (this.#isAscii) return character
    const [from, to] = [Math.min(character, this.#character), Math.max(character, this.#character)]
    const between = Buffer.byteLength(this.#text.slice(from, to))
    this.#byte += character < this.#character ? -between : between
    this.#character = character
    return this.#byte
  }
}
