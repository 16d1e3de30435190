import type { KeySearch } from './key-search.js'
import type { Follower, OwnForms } from './own-forms.js'
import type { LoadedKey, OpenKey } from './searched-key.js'
import { sliceOf, type Stretch } from './stretch.js'
import { Tail } from './tail.js'

/** How many characters of a long piece are read at once. */
const atOnce = 4096

/** What a pursuit searches for. */
export interface Pursued {
  readonly keys: KeySearch
  /** The forms of the lease's own secrets. */
  readonly own: OwnForms
  /** The alias of the lease. */
  readonly alias: string
  readonly aliasOf: (key: LoadedKey) => string | undefined
}

/**
 * Searches a text that arrives in pieces, without decoding escapes. Of each piece it looks at the windows that end in it; keys whose
 * beginning has arrived are compared further from where they were compared to. So a text takes the same for each of its characters,
 * however it is cut and however long the keys are.
 */
export class Pursuit {
  readonly #pursued: Pursued
  readonly #own: Follower
  readonly #tail: Tail
  #open: OpenKey[] = none

  /** @param isDecoded Whether the text has escapes decoded. */
  constructor(pursued: Pursued, isDecoded: boolean) {
    this.#pursued = pursued
    this.#own = pursued.own.follow()
    this.#tail = new Tail(isDecoded)
  }

  /** The last characters, as many as the longest key has. */
  get last(): Stretch {
    return this.#tail.last(this.#pursued.keys.reach)
  }

  /** The position in the answer from which the characters may be the beginning of a key; `Infinity`: none. */
  get begins(): number {
    let open = this.#tail.end - this.#own.open
    for (const { from } of this.#open) open = Math.min(open, from)
    return open === this.#tail.end ? Number.POSITIVE_INFINITY : this.#tail.placeOf(open)
  }

  /** Returns the alias of a key that ends in the piece. */
  read(piece: Stretch): string | undefined {
    if (piece.bytes.length <= atOnce) return this.#read(piece)
    for (let start = 0; start < piece.bytes.length; start += atOnce) {
      const found = this.#read(sliceOf(piece, start, Math.min(start + atOnce, piece.bytes.length)))
      if (found !== undefined) return found
    }
    return undefined
  }

  #read(piece: Stretch): string | undefined {
    const { keys, alias, aliasOf } = this.#pursued
    this.#tail.append(piece, keys.reach)
    const { bytes, dropped } = this.#tail
    const start = bytes.length - piece.bytes.length
    const open: OpenKey[] = []
    const key = this.#goOn(bytes, start, dropped, open) ?? this.#findNew(bytes, start, dropped, open)
    this.#open = open.length === 0 ? none : open
    if (key !== undefined) return aliasOf(key)
    return this.#own.read(piece.bytes) ? alias : undefined
  }

  /** Looks for keys of which a window has arrived; adds those that have only begun to `open`. */
  #findNew(bytes: Buffer, start: number, dropped: number, open: OpenKey[]): LoadedKey | undefined {
    const known = open.length
    const key = this.#pursued.keys.findFrom(bytes, start, open)
    for (let index = known; index < open.length; index += 1) (open[index] as OpenKey).from += dropped
    return key
  }

  /** Compares the keys that have begun with what came; adds those that go on to `open`. */
  #goOn(bytes: Buffer, start: number, dropped: number, open: OpenKey[]): LoadedKey | undefined {
    for (const begun of this.#open) {
      const { needle, reading, key } = begun
      const from = begun.from - dropped
      const end = Math.min(bytes.length, from + needle.length)
      let at = start
      while (at < end && reading[bytes[at] as number] === needle.charCodeAt(at - from)) at += 1
      if (at < end) continue
      if (end - from === needle.length) return key
      open.push(begun)
    }
    return undefined
  }
}

const none: OpenKey[] = []
