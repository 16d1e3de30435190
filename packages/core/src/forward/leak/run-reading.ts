import { copyOf, joinOf, noStretch, placeOf, sliceOf, type Stretch } from './stretch.js'
import { marks, maxLayers, unescape } from './unescape.js'

/** What a reading of pieces needs of the search. */
export interface RunSearch {
  /** The alias of a key that stands in the text without escapes; `undefined`: none. */
  findUnescaped(text: Buffer): string | undefined
  /** Where the end of the text may be the beginning of a key; the text's length if nowhere. */
  openFrom(text: Buffer): number
  /** The length of the longest form of any key, in characters. */
  readonly reach: number
}

/**
 * Searches a run of key characters that arrives in pieces. Decodes the same layers of escapes as the search of a whole text,
 * so it finds every key that the search of the whole text would find.
 *
 * Each layer keeps only as many characters as the longest key has, however many bytes the escapes take.
 */
export class RunReading {
  readonly #search: RunSearch
  /** How many further layers of escapes may be decoded. */
  readonly #layers: number
  /** The first byte of the escapes that this layer decodes; `undefined` for the answer itself. */
  readonly #mark: number | undefined
  /** The beginning of an escape that the last piece cut off. */
  #cut = noStretch
  /** The last characters that were searched. */
  #tail = noStretch
  /** Where an unfinished key at the end of `#tail` begins. */
  #begins = Number.POSITIVE_INFINITY
  /** The next layer for each kind of escape, once such an escape has arrived. */
  readonly #behind: (RunReading | undefined)[] = []

  constructor(search: RunSearch, layers = maxLayers, mark?: number) {
    this.#search = search
    this.#layers = layers
    this.#mark = mark
  }

  /** The position in the answer from which the bytes may be the beginning of a key; `Infinity`: none. */
  get open(): number {
    let open = Math.min(this.#begins, placeOf(this.#cut, 0))
    for (const reading of this.#behind) if (reading !== undefined) open = Math.min(open, reading.open)
    return open
  }

  /** Searches the next piece. Returns the alias of a key that ends in it. */
  read(piece: Stretch): string | undefined {
    const come = this.#mark === undefined ? piece : this.#takeBack(piece, this.#mark)
    return come.bytes.length === 0 ? undefined : this.#look(come)
  }

  #takeBack(piece: Stretch, mark: number): Stretch {
    const written = joinOf(this.#cut, piece)
    const { bytes, from, cutAt } = unescape(written.bytes, 0, written.bytes.length, mark)
    this.#cut = copyOf(sliceOf(written, cutAt))
    const places = new Float64Array(bytes.length)
    for (let at = 0; at < places.length; at += 1) places[at] = placeOf(written, from[at] as number)
    return { bytes, from: places }
  }

  #look(come: Stretch): string | undefined {
    const search = this.#search
    const text = joinOf(this.#tail, come)
    const found = search.findUnescaped(text.bytes) ?? this.#lookBehind(text, come)
    if (found !== undefined) return found
    this.#begins = placeOf(text, search.openFrom(text.bytes))
    this.#tail = copyOf(sliceOf(text, Math.max(0, text.bytes.length - search.reach)))
    return undefined
  }

  #lookBehind(text: Stretch, come: Stretch): string | undefined {
    if (this.#layers === 0) return undefined
    for (const [index, mark] of marks.entries()) {
      let next = come
      if (this.#behind[index] === undefined) {
        const at = come.bytes.indexOf(mark)
        if (at === -1) continue
        const reading = new RunReading(this.#search, this.#layers - 1, mark)
        this.#behind[index] = reading
        // Before the first escape both layers have the same characters.
        const alike = text.bytes.length - come.bytes.length + at
        if (alike > 0) reading.#look(sliceOf(text, Math.max(0, alike - this.#search.reach), alike))
        next = sliceOf(come, at)
      }
      const found = this.#behind[index]?.read(next)
      if (found !== undefined) return found
    }
    return undefined
  }
}
