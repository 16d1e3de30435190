/**
 * Collects bytes from pieces of any size into one buffer. A peer may send its bytes one by one; a list of such pieces would
 * take a hundred times their size.
 */
export class GrowingBuffer {
  #bytes: Buffer | undefined
  #length = 0
  /** Whether `#bytes` is a piece that the caller gave, which must not be written to. */
  #borrowed = false

  get length(): number {
    return this.#length
  }

  append(piece: Buffer): void {
    const length = this.#length + piece.length
    if (this.#bytes === undefined) {
      this.#bytes = piece
      this.#borrowed = true
    } else {
      if (this.#borrowed || length > this.#bytes.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#length, length, smallestCapacity))
        this.#bytes.copy(larger, 0, 0, this.#length)
        this.#bytes = larger
        this.#borrowed = false
      }
      piece.copy(this.#bytes, this.#length)
    }
    this.#length = length
  }

  /** The bytes so far, from `start` on. Later pieces do not change the returned buffer. */
  view(start = 0): Buffer {
    return this.#bytes === undefined ? empty : this.#bytes.subarray(start, this.#length)
  }

  /** As {@link take}, for bytes that are kept for long: they take no more memory than they are, give or take `spareBytes`. */
  takeToKeep(): Buffer {
    const spare = this.#bytes === undefined || this.#borrowed ? 0 : this.#bytes.length - this.#length
    const all = this.take()
    if (spare <= spareBytes) return all
    const kept = Buffer.allocUnsafeSlow(all.length)
    all.copy(kept)
    return kept
  }

  /** Returns all bytes and empties this buffer. */
  take(): Buffer {
    const all = this.view()
    this.#bytes = undefined
    this.#length = 0
    return all
  }
}

/** So much unused memory is not worth a copy, in bytes. */
const spareBytes = 64 * 1024

const smallestCapacity = 16 * 1024
const empty = Buffer.alloc(0)
