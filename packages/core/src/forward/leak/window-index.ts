/** Bits of the filter per window: enough that other text rarely passes the filter. */
const bitsPerWindow = 16

/** Initial size of the filter, in words of 32 bits. */
const smallestFilter = 2 ** 8

/** A hash sets two bits of one word: the upper five bits of the hash number the first, the lower five the second. */
export const bitShift = 27

/**
 * The searched windows by their hash, with a filter in front in which every hash sets two bits of one word.
 *
 * A window is a number that only `KeySearch` interprets. A removed window's bits stay set until the filter grows.
 */
export class WindowIndex {
  readonly #windows = new Map<number, number | number[]>()
  /** If one of a hash's two bits is not set, no window has this hash. */
  filter = new Uint32Array(smallestFilter)
  /** The word of a hash is `(hash << 5) >>> shift`: the bits below its upper five. */
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
