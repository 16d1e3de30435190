/** The last bytes of what passes, in one piece of memory, however small the pieces are that they come in. */
export class Tail {
  readonly #most: number
  #bytes = Buffer.alloc(0)
  #length = 0

  /** @param most How many bytes are kept, at least; up to twice as many are held. */
  constructor(most: number) {
    this.#most = most
  }

  /** Copies the piece, because the caller may reuse its buffer. */
  append(piece: Buffer): void {
    const last = piece.length > this.#most ? piece.subarray(piece.length - this.#most) : piece
    if (this.#length + last.length > this.#bytes.length) this.#makeRoom(last.length)
    this.#length += last.copy(this.#bytes, this.#length)
  }

  /** Moves the bytes that stay to the front. The buffer has room for twice as many, so this happens once for each time that it fills. */
  #makeRoom(more: number): void {
    if (this.#bytes.length === 0) this.#bytes = Buffer.allocUnsafeSlow(2 * this.#most)
    const kept = Math.min(this.#length, this.#most - more)
    this.#bytes.copyWithin(0, this.#length - kept, this.#length)
    this.#length = kept
  }

  /** The last bytes as text. The first character may be broken. */
  text(): string {
    return this.#bytes.toString('utf8', 0, this.#length)
  }
}
