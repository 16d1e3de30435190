import type { LeakSearch } from './leak-search.js'

/**
 * Lets bytes pass as they come, but for keys and for what may be the beginning of one.
 *
 * Only the end of the last piece is kept, as far as a key could lie across it and the next.
 */
export class LeakGuard {
  readonly #search: LeakSearch
  /** The end of what came so far: characters of keys only. */
  #tail = nothing
  /** How many bytes of it have passed. */
  #passed = 0
  #found: string | undefined

  constructor(search: LeakSearch) {
    this.#search = search
  }

  /** The alias of the key that was found. */
  get found(): string | undefined {
    return this.#found
  }

  /** What may pass now; `undefined` where a key is in it. */
  pass(piece: Buffer): Buffer | undefined {
    const text = this.#tail.length === 0 ? piece : Buffer.concat([this.#tail, piece])
    this.#found = this.#search.find(text)
    if (this.#found !== undefined) return undefined
    const start = this.#search.startOfRun(text)
    const passed = this.#passed
    const open = Math.max(passed, this.#search.openFrom(text, start))
    // A copy: a view would keep the whole piece.
    this.#tail = start === text.length ? nothing : Buffer.from(text.subarray(start))
    this.#passed = open - start
    return passed === 0 && open === text.length ? text : text.subarray(passed, open)
  }

  /** What was held back, once nothing can follow it. */
  rest(): Buffer {
    const rest = this.#tail.subarray(this.#passed)
    this.#tail = nothing
    this.#passed = 0
    return rest
  }
}

const nothing = Buffer.alloc(0)
