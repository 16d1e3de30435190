import type { LeakSearch } from './leak-search.js'
import { copyOf, joinOf, noStretch, placeOf, sliceOf, type Stretch } from './stretch.js'
import { marks, mostLayers, unescape } from './unescape.js'

/**
 * Reads characters that may be part of a key as they come in pieces, and behind each layer of escapes that the search
 * of a whole text takes back: so a key is found in pieces wherever it is found in the whole.
 *
 * Of each reading only so many characters are kept as a key takes in it, however many bytes they were written in.
 */
export class RunReading {
  readonly #search: LeakSearch
  /** Layers of escapes that may be taken back within this. */
  readonly #layers: number
  /** What the escapes begin with that this takes back. */
  readonly #mark: number | undefined
  /** The beginning of an escape. */
  #cut = noStretch
  /** What was read last. */
  #tail = noStretch
  /** Where the beginning of a key stands at its end. */
  #begins = Number.POSITIVE_INFINITY
  /** The same with the escapes of each mark taken back, once it has one. */
  readonly #behind: (RunReading | undefined)[] = []

  constructor(search: LeakSearch, layers = mostLayers, mark?: number) {
    this.#search = search
    this.#layers = layers
    this.#mark = mark
  }

  /** From where on the answer may be the beginning of a key; infinitely far where nothing can be. */
  get open(): number {
    let open = Math.min(this.#begins, placeOf(this.#cut, 0))
    for (const reading of this.#behind) if (reading !== undefined) open = Math.min(open, reading.open)
    return open
  }

  /** Reads on; the alias of a key that ends in this piece. */
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
        // Up to the first mark both read alike.
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
