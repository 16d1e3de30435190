/** Bits of the filter per window: enough that other text rarely passes the filter. */
const bitsPerWindow = 16

/** Initial size of the filter, in words of 32 bits. */
const smallestFilter = 2 ** 8

/** A hash sets two bits of one word: the upper five bits of the hash number the first, the lower five the second. */
export const bitShift = 27

/**
 * The searched windows by their hash, with a filter in front in which every hash sets two bits of one word.
 *
 * A window is a number that only `KeySearch` interprets. A removed window's bits stay set until the filter grows. The windows lie in
 * arrays of numbers, since there may be 500,000: a map of them takes three times as long to fill.
 */
export class WindowIndex {
  /** If one of a hash's two bits is not set, no window has this hash. */
  filter = new Uint32Array(smallestFilter)
  /** The word of a hash is `(hash << 5) >>> shift`: the bits below its upper five. */
  shift = 32 - Math.log2(smallestFilter)
  /** For each word of the filter the first of a chain of places, each one above its index in the three arrays; 0: no more. */
  #first = new Uint32Array(smallestFilter)
  #hashes = new Int32Array(smallestFilter)
  #windows = new Float64Array(smallestFilter)
  #next = new Uint32Array(smallestFilter)
  /** How many places were ever used. */
  #used = 0
  /** A chain of places that are free again. */
  #free = 0

  /** The windows with this hash; usually none or one. */
  at(hash: number): readonly number[] {
    const found: number[] = []
    for (let place = this.#first[this.#chainOf(hash)] as number; place > 0; place = this.#next[place - 1] as number)
      if (this.#hashes[place - 1] === hash) found.push(this.#windows[place - 1] as number)
    // The one that was added first comes last in its chain.
    return found.toReversed()
  }

  /** Makes room for so many further windows. */
  reserve(windows: number): void {
    const length = 2 ** Math.ceil(Math.log2(Math.max(1, this.#used + windows)))
    if (length > this.#hashes.length) this.#makeRoom(length)
    const words = 2 ** Math.ceil(Math.log2(Math.max(1, ((this.#used + windows) * bitsPerWindow) / 32)))
    if (words > this.filter.length) this.#grow(words)
  }

  /** How many windows have this hash, `most` at most. */
  countAt(hash: number, most: number): number {
    // Most hashes are new, and the filter is the smallest of the tables: what it does not know is in none.
    const word = this.filter[this.#chainOf(hash)] as number
    if (((word >>> (hash >>> bitShift)) & (word >>> (hash & 31)) & 1) === 0) return 0
    let count = 0
    for (let place = this.#first[this.#chainOf(hash)] as number; place > 0 && count < most; place = this.#next[place - 1] as number)
      if (this.#hashes[place - 1] === hash) count += 1
    return count
  }

  add(hash: number, window: number): void {
    let place = this.#free
    if (place > 0) this.#free = this.#next[place - 1] as number
    else {
      place = this.#used + 1
      this.#used = place
      if (place > this.#hashes.length) this.#makeRoom(this.#hashes.length * 2)
    }
    this.#hashes[place - 1] = hash
    this.#windows[place - 1] = window
    this.#link(place)
    if (this.#used * bitsPerWindow > this.filter.length * 32) this.#grow(this.filter.length * 2)
    else this.#mark(hash)
  }

  remove(hash: number, window: number): void {
    const chain = this.#chainOf(hash)
    let before = 0
    for (let place = this.#first[chain] as number; place > 0; place = this.#next[place - 1] as number) {
      if (this.#windows[place - 1] === window && this.#hashes[place - 1] === hash) {
        const after = this.#next[place - 1] as number
        if (before === 0) this.#first[chain] = after
        else this.#next[before - 1] = after
        this.#windows[place - 1] = removed
        this.#next[place - 1] = this.#free
        this.#free = place
        return
      }
      before = place
    }
  }

  #chainOf(hash: number): number {
    return (hash << 5) >>> this.shift
  }

  #link(place: number): void {
    const chain = this.#chainOf(this.#hashes[place - 1] as number)
    this.#next[place - 1] = this.#first[chain] as number
    this.#first[chain] = place
  }

  #makeRoom(length: number): void {
    const [hashes, windows, next] = [new Int32Array(length), new Float64Array(length), new Uint32Array(length)]
    hashes.set(this.#hashes)
    windows.set(this.#windows)
    next.set(this.#next)
    this.#hashes = hashes
    this.#windows = windows
    this.#next = next
  }

  #grow(words: number): void {
    this.filter = new Uint32Array(words)
    this.#first = new Uint32Array(words)
    this.shift = 32 - Math.log2(words)
    for (let place = 1; place <= this.#used; place += 1) {
      if (this.#windows[place - 1] === removed) continue
      this.#link(place)
      this.#mark(this.#hashes[place - 1] as number)
    }
  }

  #mark(hash: number): void {
    const word = this.#chainOf(hash)
    this.filter[word] = (this.filter[word] as number) | (1 << (hash >>> bitShift)) | (1 << (hash & 31))
  }
}

/** In the place of a window that was removed. */
const removed = -1
