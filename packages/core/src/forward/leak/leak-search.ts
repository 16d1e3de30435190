import { maxComparedChars, shortestSearched } from './key-forms.js'
import type { KeySearch } from './key-search.js'
import { LeakGuard } from './leak-guard.js'
import { createOwnForms, type OwnForms } from './own-forms.js'
import { type Pursued, Pursuit } from './pursuit.js'
import type { LoadedKey } from './searched-key.js'
import { escapeReadings, maxLayers, mayBeLoose } from './escape-readings.js'
import { unescape } from './unescape.js'

/** Searches the answers to calls under one lease: for the lease's own secrets and for every other loaded secret. */
export class LeakSearch {
  readonly #keys: KeySearch
  readonly #alias: string
  readonly #pursued: Pursued
  /** The lease's own secrets that are too short for `KeySearch`. */
  readonly #short: OwnForms | undefined

  /** @param secrets Gives the lease's own secrets; nothing keeps them that is not needed. */
  constructor(keys: KeySearch, alias: string, secrets: () => readonly string[]) {
    this.#keys = keys
    this.#alias = alias
    let own: OwnForms | undefined
    this.#pursued = {
      keys,
      // Made when the first answer comes in pieces: the forms of 20,000 keys take more memory than all else of them.
      get own() {
        return (own ??= createOwnForms(secrets().map((secret) => secret.slice(0, maxComparedChars))))
      },
      alias,
      aliasOf: (key) => this.#aliasOf(key),
    }
    const short = secrets().filter((secret) => secret.length < shortestSearched)
    this.#short = short.length === 0 ? undefined : createOwnForms(short)
  }

  /** The alias of a key in the text; if several keys have the same secret, the lease's own alias. `undefined`: no key. */
  find(text: Buffer, start = 0, end = text.length): string | undefined {
    const key = this.#keys.find(text, start, end)
    if (key !== undefined) return this.#aliasOf(key)
    return this.#short !== undefined && holdsShort(this.#short, text.subarray(start, end)) ? this.#alias : undefined
  }

  /** The same for a string. */
  findIn(text: string): string | undefined {
    return this.find(Buffer.from(text))
  }

  /** Makes a guard for one answer that passes in pieces. */
  guard(): LeakGuard {
    return new LeakGuard(this)
  }

  /** Begins the search of a text that arrives in pieces, without decoding escapes. @param isDecoded Whether it has escapes decoded. */
  pursue(isDecoded: boolean): Pursuit {
    return new Pursuit(this.#pursued, isDecoded)
  }

  /** Where the run of key characters at the beginning of a text ends. */
  endOfRun(text: Buffer): number {
    let end = 0
    while (end < text.length && this.#keys.isKeyCharacter(text[end] as number)) end += 1
    return end
  }

  /** Where the run of key characters at the end of a text begins, `left` at the earliest; the text's length if there is no run. */
  startOfRun(text: Buffer, left: number): number {
    let start = text.length
    while (start > left && this.#keys.isKeyCharacter(text[start - 1] as number)) start -= 1
    return start
  }

  #aliasOf(key: LoadedKey): string | undefined {
    return key.hasName(this.#alias) ? this.#alias : key.names[0]
  }
}

/** Whether the text holds one of the short secrets, plainly or behind up to `layers` layers of escapes. */
function holdsShort(short: OwnForms, text: Buffer, layers = maxLayers): boolean {
  if (short.standIn(text)) return true
  if (layers === 0) return false
  return escapeReadings.some(
    (reading) =>
      (reading.isLoose ? mayBeLoose(text) : text.includes(reading.mark)) &&
      holdsShort(short, unescape(text, 0, text.length, reading).bytes, layers - 1),
  )
}
