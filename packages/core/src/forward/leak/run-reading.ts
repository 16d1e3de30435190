import type { Pursuit } from './pursuit.js'
import { copyOf, joinOf, noStretch, placeOf, sliceOf, type Stretch } from './stretch.js'
import { type EscapeReading, escapeReadings, maxLayers } from './escape-readings.js'
import { unescape } from './unescape.js'

/** What a reading of pieces needs of the search. */
export interface RunSearch {
  /** Begins the search of a text that arrives in pieces, without decoding escapes. */
  pursue(isDecoded: boolean): Pursuit
}

/**
 * Searches a run of key characters that arrives in pieces. Decodes the same layers of escapes as the search of a whole text,
 * so it finds every key that the search of the whole text would find.
 *
 * Each layer keeps a few times as many characters as the longest key has, however many bytes the escapes take, and reads each of its
 * characters once.
 */
export class RunReading {
  readonly #search: RunSearch
  /** How many further layers of escapes may be decoded. */
  readonly #layers: number
  /** How this layer reads escapes; `undefined` for the answer itself. */
  readonly #reading: EscapeReading | undefined
  /** The beginning of an escape that the last piece cut off. */
  #cut = noStretch
  /** The search of this layer. */
  readonly #pursuit: Pursuit
  /** The next layer for each reading of escapes, once an escape has arrived. */
  readonly #behind: (RunReading | undefined)[] = []

  constructor(search: RunSearch, layers = maxLayers, reading?: EscapeReading) {
    this.#search = search
    this.#layers = layers
    this.#reading = reading
    this.#pursuit = search.pursue(reading !== undefined)
  }

  /** The position in the answer from which the bytes may be the beginning of a key; `Infinity`: none. */
  get open(): number {
    let open = Math.min(this.#pursuit.begins, placeOf(this.#cut, 0))
    for (const reading of this.#behind) if (reading !== undefined) open = Math.min(open, reading.open)
    return open
  }

  /** Searches the next piece. Returns the alias of a key that ends in it. */
  read(piece: Stretch): string | undefined {
    const come = this.#reading === undefined ? piece : this.#takeBack(piece, this.#reading)
    return come.bytes.length === 0 ? undefined : this.#look(come)
  }

  #takeBack(piece: Stretch, reading: EscapeReading): Stretch {
    const written = joinOf(this.#cut, piece)
    const { bytes, from, cutAt } = unescape(written.bytes, 0, written.bytes.length, reading)
    this.#cut = copyOf(sliceOf(written, cutAt))
    const places = new Float64Array(bytes.length)
    for (let at = 0; at < places.length; at += 1) places[at] = placeOf(written, from[at] as number)
    return { bytes, from: places }
  }

  #look(come: Stretch): string | undefined {
    // The next layers first: the first time they need what came before.
    return this.#lookBehind(come) ?? this.#pursuit.read(come)
  }

  #lookBehind(come: Stretch): string | undefined {
    if (this.#layers === 0) return undefined
    for (const [index, escapes] of escapeReadings.entries()) {
      let next = come
      if (this.#behind[index] === undefined) {
        const at = come.bytes.indexOf(escapes.mark)
        if (at === -1) continue
        const reading = new RunReading(this.#search, this.#layers - 1, escapes)
        this.#behind[index] = reading
        // Before the first escape both layers have the same characters.
        for (const alike of [this.#pursuit.last, sliceOf(come, 0, at)]) if (alike.bytes.length > 0) reading.#look(alike)
        next = sliceOf(come, at)
      }
      const found = this.#behind[index]?.read(next)
      if (found !== undefined) return found
    }
    return undefined
  }
}
