/** Bytes that wait in the order in which they came. Moves each byte a few times at most, however they come and go. */
export class HeldBytes {
  #bytes = nothing
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  /** Copies the piece, since a view would keep all of it in memory. */
  append(piece: Buffer): void {
    const { length } = this
    if (this.#end + piece.length > this.#bytes.length) {
      const isRoomy = length + piece.length <= this.#bytes.length / 2
      const room = isRoomy ? this.#bytes : Buffer.allocUnsafe(2 * (length + piece.length))
      this.#bytes.copy(room, 0, this.#start, this.#end)
      this.#bytes = room
      this.#start = 0
      this.#end = length
    }
    piece.copy(this.#bytes, this.#end)
    this.#end += piece.length
  }

  /** Takes the first bytes, `count` at most. */
  take(count: number): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(this.#start, Math.min(this.#start + count, this.#end)))
    this.#start += taken.length
    if (this.#start === this.#end) {
      this.#bytes = nothing
      this.#start = 0
      this.#end = 0
    }
    return taken
  }
}

const nothing = Buffer.alloc(0)
