import { HeldBytes } from './held-bytes.js'
import { RunReading, type RunSearch } from './run-reading.js'

/** What a guard needs of the search. */
export interface PieceSearch extends RunSearch {
  find(text: Buffer, start?: number, end?: number): string | undefined
  /** Where the run of key characters at the beginning of a text ends. */
  endOfRun(text: Buffer): number
  /** Where the run of key characters at the end of a text begins, `left` at the earliest. */
  startOfRun(text: Buffer, left: number): number
}

/**
 * Passes the bytes of an answer on as they arrive, but holds back bytes that may be the beginning of a key.
 *
 * If a piece ends in key characters, only these are searched again together with the next piece.
 */
export class LeakGuard {
  readonly #search: PieceSearch
  /** The key characters at the end of the last piece. */
  #run: RunReading | undefined
  /** How many bytes have arrived. */
  #come = 0
  /** The last bytes, which are held back. */
  readonly #held = new HeldBytes()
  #found: string | undefined

  constructor(search: PieceSearch) {
    this.#search = search
  }

  /** The alias of the key that was found; `undefined`: none so far. */
  get found(): string | undefined {
    return this.#found
  }

  /** Returns the bytes that may pass now; `undefined` if a key was found. */
  pass(piece: Buffer): Buffer | undefined {
    const passed = this.#come - this.#held.length
    this.#found = this.#read(piece)
    if (this.#found !== undefined) return undefined
    this.#come += piece.length
    const open = Math.max(0, Math.min(this.#run?.open ?? this.#come, this.#come) - passed)
    if (this.#held.length > 0) {
      this.#held.append(piece)
      return this.#held.take(open)
    }
    if (open < piece.length) this.#held.append(piece.subarray(open))
    return piece.subarray(0, open)
  }

  /** Returns the bytes held back, at the end of the answer. */
  rest(): Buffer {
    this.#run = undefined
    return this.#held.take(this.#held.length)
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
