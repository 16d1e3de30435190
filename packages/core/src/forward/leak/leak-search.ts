import { longestSpelling, mostCompared, shortestSearched } from './key-forms.js'
import type { KeySearch } from './key-search.js'
import { LeakGuard } from './leak-guard.js'
import { createOwnForms, type OwnForms } from './own-forms.js'
import { backslash, percent, unescape } from './unescape.js'

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
    if (key !== undefined) return key.names.includes(this.#alias) ? this.#alias : key.names[0]
    return this.#short !== undefined && this.#holdsShort(text.subarray(start, end)) ? this.#alias : undefined
  }

  /** The same of a text that is not in bytes. */
  findIn(text: string): string | undefined {
    return this.find(Buffer.from(text))
  }

  /** Looks through one answer that passes in pieces. */
  guard(): LeakGuard {
    return new LeakGuard(this)
  }

  /**
   * Where the last characters that may be part of a key begin, as far back as one could reach; the text's length
   * where its last byte is none.
   */
  startOfRun(text: Buffer): number {
    const { longest } = this.#keys
    let farthest = text.length - 2 * longest
    let start = text.length
    while (start > 0 && start > farthest && this.#keys.isKeyCharacter(text[start - 1] as number)) {
      start -= 1
      if (text[start] === backslash || text[start] === percent) farthest = text.length - longestSpelling * (longest + 1)
    }
    return start
  }

  /** From where on the text may be the beginning of a key, of those characters that begin at `start`. */
  openFrom(text: Buffer, start: number): number {
    if (start === text.length) return start
    let open = this.#openIn(text, start)
    for (const mark of [backslash, percent]) {
      if (text.indexOf(mark, start) === -1) continue
      const { bytes, from, cutAt } = unescape(text, start, text.length, mark)
      const at = this.#openIn(bytes, 0)
      open = Math.min(open, at === bytes.length ? cutAt : (from[at] as number))
    }
    return open
  }

  #openIn(text: Buffer, start: number): number {
    return Math.min(this.#keys.openAt(text, start), text.length - this.#own.beginningAtEnd(text, start))
  }

  #holdsShort(text: Buffer): boolean {
    const marks = [backslash, percent].filter((mark) => text.includes(mark))
    const readings = [text, ...marks.map((mark) => unescape(text, 0, text.length, mark).bytes)]
    return readings.some((reading) => this.#short?.standIn(reading) === true)
  }
}
