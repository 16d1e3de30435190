import { mostCompared, shortestSearched } from './key-forms.js'
import type { KeySearch, LoadedKey } from './key-search.js'
import { LeakGuard } from './leak-guard.js'
import { createOwnForms, type OwnForms } from './own-forms.js'
import { marks, mostLayers, unescape } from './unescape.js'

/** What looks through the answers to calls under one lease: for its own secrets, and for every other that is loaded. */
export class LeakSearch {
  readonly #keys: KeySearch
  readonly #alias: string
  readonly #own: OwnForms
  /** Own secrets that are too short for the search of all keys. */
  readonly #short: OwnForms | undefined

  constructor(keys: KeySearch, alias: string, secrets: readonly string[]) {
    this.#keys = keys
    this.#alias = alias
    this.#own = createOwnForms(secrets.map((secret) => secret.slice(0, mostCompared)))
    const short = secrets.filter((secret) => secret.length < shortestSearched)
    this.#short = short.length === 0 ? undefined : createOwnForms(short)
  }

  /** The alias of a key that stands in the text; the lease's own, where it is one of several. */
  find(text: Buffer, start = 0, end = text.length): string | undefined {
    const key = this.#keys.find(text, start, end)
    if (key !== undefined) return this.#aliasOf(key)
    return this.#short !== undefined && holdsShort(this.#short, text.subarray(start, end)) ? this.#alias : undefined
  }

  /** The same of a text that is not in bytes. */
  findIn(text: string): string | undefined {
    return this.find(Buffer.from(text))
  }

  /** The same of a text whose escapes stay as they are. */
  findUnescaped(text: Buffer): string | undefined {
    const key = this.#keys.findUnescaped(text)
    if (key !== undefined) return this.#aliasOf(key)
    return this.#short?.standIn(text) === true ? this.#alias : undefined
  }

  /** Looks through one answer that passes in pieces. */
  guard(): LeakGuard {
    return new LeakGuard(this)
  }

  /** The most characters of a text, its escapes taken back, that one key takes. */
  get reach(): number {
    return this.#keys.reach
  }

  /** Where the characters end that a text begins with and that may be part of a key. */
  endOfRun(text: Buffer): number {
    let end = 0
    while (end < text.length && this.#keys.isKeyCharacter(text[end] as number)) end += 1
    return end
  }

  /** Where the last of such characters begin, from `left` on; the text's length where its last byte is none. */
  startOfRun(text: Buffer, left: number): number {
    let start = text.length
    while (start > left && this.#keys.isKeyCharacter(text[start - 1] as number)) start -= 1
    return start
  }

  /** From where on the text, whose escapes stay as they are, may be the beginning of a key; its length where nowhere. */
  openFrom(text: Buffer): number {
    return Math.min(this.#keys.openAt(text), text.length - this.#own.beginningAtEnd(text, 0))
  }

  #aliasOf({ names }: LoadedKey): string | undefined {
    return names.includes(this.#alias) ? this.#alias : names[0]
  }
}

/** Whether one stands in the text, or behind as many layers of escapes as are taken back. */
function holdsShort(short: OwnForms, text: Buffer, layers = mostLayers): boolean {
  if (short.standIn(text)) return true
  if (layers === 0) return false
  return marks.some((mark) => text.includes(mark) && holdsShort(short, unescape(text, 0, text.length, mark).bytes, layers - 1))
}
