/** The last bytes of what passes. Each byte is copied once at most. */
export class Tail {
  readonly #most: number
  #pieces: Buffer[] = []
  #bytes = 0

  /** @param most How many bytes are kept, at least; up to twice as many are held. */
  constructor(most: number) {
    this.#most = most
  }

  /** Copies the piece, because the caller may reuse its buffer. */
  append(piece: Buffer): void {
    const last = Buffer.from(piece.length > this.#most ? piece.subarray(piece.length - this.#most) : piece)
    this.#pieces.push(last)
    this.#bytes += last.length
    while (this.#bytes - (this.#pieces[0] as Buffer).length >= this.#most) this.#bytes -= (this.#pieces.shift() as Buffer).length
  }

  /** The last bytes as text. The first character may be broken. */
  text(): string {
    return Buffer.concat(this.#pieces).toString('utf8')
  }
}
