/** Bits of the filter for each window: so few are set that hardly any other text passes it. */
const bitsPerWindow = 16

/** The filter of few windows, in words of 32 bits. */
const smallestFilter = 2 ** 8

/** One of a hash's two bits in its word is numbered by the upper five of its bits, the other by the lower five. */
export const bitShift = 27

/**
 * The windows that are looked for, by their hash, behind a filter in which every hash has two bits of one word.
 *
 * A window is a number that its owner can read. Those that go leave their bits behind until the filter grows.
 */
export class WindowIndex {
  readonly #windows = new Map<number, number | number[]>()
  /** Whether a text's window can be one of these. */
  filter = new Uint32Array(smallestFilter)
  /** The word of a hash is `(hash << 5) >>> shift`, those of its bits below the upper five. */
  shift = 32 - Math.log2(smallestFilter)

  /** The windows with this hash; usually none or one. */
  at(hash: number): readonly number[] {
    const found = this.#windows.get(hash)
    if (found === undefined) return none
    return typeof found === 'number' ? [found] : found
  }

  add(hash: number, window: number): void {
    const known = this.#windows.get(hash)
    this.#windows.set(hash, known === undefined ? window : typeof known === 'number' ? [known, window] : [...known, window])
    if (this.#windows.size * bitsPerWindow > this.filter.length * 32) this.#grow()
    else this.#mark(hash)
  }

  remove(hash: number, window: number): void {
    const rest = this.at(hash).filter((each) => each !== window)
    if (rest.length === 0) this.#windows.delete(hash)
    else this.#windows.set(hash, rest)
  }

  #grow(): void {
    this.filter = new Uint32Array(this.filter.length * 2)
    this.shift -= 1
    for (const hash of this.#windows.keys()) this.#mark(hash)
  }

  #mark(hash: number): void {
    const word = (hash << 5) >>> this.shift
    this.filter[word] = (this.filter[word] as number) | (1 << (hash >>> bitShift)) | (1 << (hash & 31))
  }
}

const none: readonly number[] = []
