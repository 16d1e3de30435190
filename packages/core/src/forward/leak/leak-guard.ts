import type { LeakSearch } from './leak-search.js'
import { RunReading } from './run-reading.js'

/**
 * Lets bytes pass as they come, but for keys and for what may be the beginning of one.
 *
 * Only the end of the last piece is read on with the next, as far as its characters can be those of a key.
 */
export class LeakGuard {
  readonly #search: LeakSearch
  /** The characters that the last piece ended in, if they can be those of a key. */
  #run: RunReading | undefined
  /** How many bytes have come. */
  #come = 0
  /** The last of them, which have not passed. */
  #held = nothing
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
    const passed = this.#come - this.#held.length
    this.#found = this.#read(piece)
    if (this.#found !== undefined) return undefined
    this.#come += piece.length
    const text = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece])
    const open = Math.max(0, (this.#run?.open ?? this.#come) - passed)
    if (open >= text.length) {
      this.#held = nothing
      return text
    }
    // A copy: a view would keep the whole piece.
    this.#held = Buffer.from(text.subarray(open))
    return text.subarray(0, open)
  }

  /** What was held back, once nothing can follow it. */
  rest(): Buffer {
    const rest = this.#held
    this.#held = nothing
    this.#run = undefined
    return rest
  }

  #read(piece: Buffer): string | undefined {
    let end = 0
    if (this.#run !== undefined) {
      end = this.#search.endOfRun(piece)
      const found = this.#run.read({ bytes: piece.subarray(0, end), from: this.#come })
      if (found !== undefined || end === piece.length) return found
      this.#run = undefined
    }
    const start = this.#search.startOfRun(piece, end)
    const found = this.#search.find(piece, end, start)
    if (found !== undefined || start === piece.length) return found
    this.#run = new RunReading(this.#search)
    return this.#run.read({ bytes: piece.subarray(start), from: this.#come + start })
  }
}

const nothing = Buffer.alloc(0)
