import type { Stretch } from './stretch.js'

/**
 * The last characters of a text that grows, and where each stands in the answer. Keeps at least as many as it is told to, and moves each
 * character a few times at most, however the text is cut.
 */
export class Tail {
  #bytes = nothing
  /** The position of each character; `undefined` while they follow byte by byte. */
  #places: Float64Array | undefined
  /** The position of the first character kept, while they follow byte by byte. */
  #first = 0
  #length = 0
  /** How many characters are no longer kept. */
  #dropped = 0

  /** @param isDecoded Whether escapes were decoded, so that characters need not follow byte by byte. */
  constructor(isDecoded: boolean) {
    if (isDecoded) this.#places = new Float64Array(0)
  }

  /** How many characters were appended in all. */
  get end(): number {
    return this.#dropped + this.#length
  }

  /** How many of them are no longer kept. */
  get dropped(): number {
    return this.#dropped
  }

  /** The characters that are kept. What is appended later may overwrite them. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** The last characters, `most` of them at most. What is appended later may overwrite them. */
  last(most: number): Stretch {
    const start = Math.max(0, this.#length - most)
    const bytes = this.#bytes.subarray(start, this.#length)
    return { bytes, from: this.#places === undefined ? this.#first + start : this.#places.subarray(start, this.#length) }
  }

  /** Where a character stands in the answer. @param number Its number among all that were appended; one that is kept. */
  placeOf(number: number): number {
    const at = number - this.#dropped
    return this.#places === undefined ? this.#first + at : (this.#places[at] as number)
  }

  /** @param kept How many characters in front of the new ones must be kept. */
  append({ bytes, from }: Stretch, kept: number): void {
    this.#makeRoom(bytes.length, kept)
    if (this.#places === undefined) {
      if (this.#length === 0) this.#first = from as number
    } else if (typeof from === 'number') {
      for (let at = 0; at < bytes.length; at += 1) this.#places[this.#length + at] = from + at
    } else this.#places.set(from, this.#length)
    bytes.copy(this.#bytes, this.#length)
    this.#length += bytes.length
  }

  #makeRoom(more: number, kept: number): void {
    const capacity = this.#bytes.length
    if (this.#length + more <= capacity) return
    // Only where half of the room or more is not needed any longer are characters moved; otherwise the room grows.
    if (kept + more <= capacity / 2) {
      this.#drop(this.#length - kept)
      return
    }
    const larger = Buffer.allocUnsafe(Math.max(2 * capacity, this.#length + more, smallest))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
    if (this.#places === undefined) return
    const places = new Float64Array(larger.length)
    places.set(this.#places.subarray(0, this.#length))
    this.#places = places
  }

  #drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length)
    this.#places?.copyWithin(0, count, this.#length)
    this.#first += count
    this.#dropped += count
    this.#length -= count
  }
}

const nothing = Buffer.alloc(0)
const smallest = 64
