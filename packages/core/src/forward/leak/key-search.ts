import { hexReading, type KeyForm, keyForms, longestForm, maxComparedChars, plainReading, shortestSearched } from './key-forms.js'
import { type LoadedKey, type OpenKey, SearchedKey } from './searched-key.js'
import { escapeReadings, marks, maxLayers, mayBeLoose } from './escape-readings.js'
import { unescape } from './unescape.js'
import { bitShift, WindowIndex } from './window-index.js'
import { createLane, factor, type WindowLane } from './window-lane.js'

/** Bits of what a byte may be part of: a key in any form, a key in hexadecimal, an escape. */
const keyKind = 1
const hexKind = 2
const escapeKind = 4

/** If `crowd` or more known windows have the same hash, the window `nextPlace` characters later is tried. */
const crowd = 2
const nextPlace = 4

/** Where all of a key's windows are known many times, more of them are not told apart. */
const maxCounted = 16

/** A window's number is made of the key's number, the form's (below `slots`) and the window's position (below `places`). */
const places = 1024
const slots = 8

function windowOf(number: number, form: number, place: number): number {
  return (number * slots + form) * places + place
}

/**
 * Finds any of many keys in a text, in any form of {@link keyForms}, also behind escapes of JSON and URLs.
 *
 * A key is a long run of key characters. Most texts have few such runs, and outside of them one byte in twelve is examined.
 * Within a run a window rolls along, and its hash is looked up in a filter, so one pass finds any number of keys. The text
 * is compared with a key only if a whole window of the key matches. The time is linear in the text and does not grow with
 * the number of keys.
 */
export class KeySearch {
  readonly #kinds = new Uint8Array(256)
  readonly #plain = createLane(shortestSearched, keyKind, plainReading)
  readonly #hex = createLane(2 * shortestSearched, hexKind, hexReading)
  readonly #index = new WindowIndex()
  readonly #keys: (SearchedKey | undefined)[] = []
  readonly #byText = new Map<string, SearchedKey>()
  /** The numbers of keys that were removed. */
  readonly #free: number[] = []
  /** Where the window of each key's each form is, in steps of {@link nextPlace}. */
  #places = new Uint8Array(slots)
  /** The length of the longest secret, in characters, as far as secrets are compared, and of its longest form. */
  #longest = 0
  #reach = 0

  constructor() {
    for (const character of keyCharacters) this.#kinds[character.charCodeAt(0)] = keyKind
    for (const character of hexCharacters) this.#kinds[character.charCodeAt(0)] = keyKind | hexKind
    for (const mark of marks) this.#kinds[mark] = keyKind | escapeKind
  }

  /** The length of the longest form of any secret, in characters, as far as secrets are compared. */
  get reach(): number {
    return this.#reach
  }

  /** Makes room for about so many further secrets at once, since to make room again and again takes as long as to add them. */
  reserve(secrets: number): void {
    this.#index.reserve(secrets * keyForms.length)
  }

  /**
   * Adds a secret. A secret of fewer than {@link shortestSearched} (12) characters is not searched for; its characters count
   * as key characters all the same.
   *
   * @param name The name that {@link find} reports. One secret may have several names, and one name more than once.
   */
  add(name: string, secret: string): void {
    const text = secret.slice(0, maxComparedChars)
    const known = this.#byText.get(text)
    if (known !== undefined) {
      known.add(name)
      return
    }
    // Most keys have key characters alone, which are marked already.
    if (!hasKeyCharactersAlone.test(text)) this.#markAll(text)
    // No form of a text is longer than that of a longer text.
    if (text.length > this.#longest) {
      this.#longest = text.length
      this.#reach = longestForm(text)
    }
    if (text.length < shortestSearched) return
    const key = new SearchedKey(this.#free.pop() ?? this.#keys.length, text, name)
    this.#keys[key.number] = key
    this.#byText.set(text, key)
    this.#makeRoom()
    for (let form = 0; form < keyForms.length; form += 1) this.#addForm(key, form)
  }

  /** Removes a name of a secret once. The search for the secret ends with the last. */
  remove(name: string, secret: string): void {
    const text = secret.slice(0, maxComparedChars)
    const key = this.#byText.get(text)
    if (key === undefined || !key.remove(name)) return
    for (const [form, keyForm] of keyForms.entries()) {
      const place = (this.#places[key.number * slots + form] as number) * nextPlace
      this.#index.remove(keyForm.hashAt(text, place, this.#laneOf(keyForm)), windowOf(key.number, form, place))
    }
    this.#byText.delete(text)
    this.#keys[key.number] = undefined
    this.#free.push(key.number)
  }

  /** Returns a key in the text between two positions, in bytes; `undefined`: none. */
  find(text: Buffer, start = 0, end = text.length): LoadedKey | undefined {
    return this.#scan(text, start, end, this.#plain, 0) ?? this.#scan(text, start, end, this.#hex, maxLayers)
  }

  /**
   * Returns a key of which a window ends at `start` or behind it, without decoding escapes. A key that is not whole yet, but has begun, is
   * added to `open`.
   */
  findFrom(text: Buffer, start: number, open: OpenKey[]): LoadedKey | undefined {
    for (const lane of [this.#plain, this.#hex]) {
      const key = this.#roll(text, Math.max(0, start + 1 - lane.width), text.length, lane, 0, open)
      if (key !== undefined) return key
    }
    return undefined
  }

  /** Whether a byte can be part of a key, in any form. */
  isKeyCharacter(byte: number): boolean {
    return this.#kinds[byte] !== 0
  }

  #markAll(text: string): void {
    for (let index = 0; index < text.length; index += 1) {
      const character = text.charCodeAt(index)
      this.#kinds[character] = (this.#kinds[character] as number) | keyKind
    }
  }

  #laneOf({ hex }: KeyForm): WindowLane {
    return hex ? this.#hex : this.#plain
  }

  #makeRoom(): void {
    if (this.#keys.length * slots <= this.#places.length) return
    const larger = new Uint8Array(this.#places.length * 2)
    larger.set(this.#places)
    this.#places = larger
  }

  #addForm({ number, text }: SearchedKey, form: number): void {
    const keyForm = keyForms[form] as KeyForm
    const lane = this.#laneOf(keyForm)
    const last = Math.min(keyForm.lengthOf(text) - lane.width, places - 1)
    let best = 0
    let bestHash = 0
    let fewest = Number.POSITIVE_INFINITY
    // Keys with the same beginning get windows at later positions.
    for (let place = 0; place <= last && fewest >= crowd; place += nextPlace) {
      const hash = keyForm.hashAt(text, place, lane)
      const known = this.#index.countAt(hash, Math.min(fewest, maxCounted))
      if (known < fewest) {
        best = place
        bestHash = hash
        fewest = known
      }
    }
    this.#places[number * slots + form] = best / nextPlace
    this.#index.add(bestHash, windowOf(number, form, best))
  }

  /** Finds runs of at least a window's length. If the last byte of a window is no key character, its other bytes are skipped. */
  #scan(text: Buffer, start: number, end: number, lane: WindowLane, depth: number): LoadedKey | undefined {
    const kinds = this.#kinds
    const { width, kind } = lane
    let looked = start
    let at = start + width - 1
    while (at < end) {
      let found = kinds[text[at] as number] as number
      if ((found & kind) === 0) {
        looked = at + 1
        at += width
        continue
      }
      let met = found
      let left = at
      while (left > looked && ((found = kinds[text[left - 1] as number] as number) & kind) !== 0) {
        met |= found
        left -= 1
      }
      let right = at + 1
      while (right < end && ((found = kinds[text[right] as number] as number) & kind) !== 0) {
        met |= found
        right += 1
      }
      if (right - left >= width) {
        const key = this.#roll(text, left, right, lane, left)
        if (key !== undefined) return key
        if ((met & escapeKind) !== 0 && depth < maxLayers) {
          const hidden = this.#scanUnescaped(text, left, right, depth + 1)
          if (hidden !== undefined) return hidden
        }
      }
      looked = right
      at = right + width
    }
    return undefined
  }

  #scanUnescaped(text: Buffer, left: number, right: number, depth: number): LoadedKey | undefined {
    for (const reading of escapeReadings) {
      if (reading.isLoose && !mayBeLoose(text.subarray(left, right))) continue
      const { bytes } = unescape(text, left, right, reading)
      // The run had no escapes, or is too short without them.
      if (bytes.length === right - left || bytes.length < shortestSearched) continue
      const key = this.#scan(bytes, 0, bytes.length, this.#plain, depth) ?? this.#scan(bytes, 0, bytes.length, this.#hex, maxLayers)
      if (key !== undefined) return key
    }
    return undefined
  }

  /**
   * Rolls a window along a run.
   *
   * @param first Where a key can begin at the earliest.
   * @param open Takes the keys that the text's end cuts off; `undefined`: these do not count.
   */
  #roll(text: Buffer, left: number, right: number, lane: WindowLane, first: number, open?: OpenKey[]): LoadedKey | undefined {
    const { filter, shift } = this.#index
    const { width, come, go } = lane
    let hash = 0
    const whole = left + width - 1
    for (let at = left; at < whole && at < right; at += 1) hash = (Math.imul(hash, factor) + (come[text[at] as number] as number)) | 0
    let gone = 0
    for (let at = whole; at < right; at += 1) {
      hash = (Math.imul(hash, factor) + (come[text[at] as number] as number) - gone) | 0
      gone = go[text[at + 1 - width] as number] as number
      const bits = (1 << (hash >>> bitShift)) | (1 << (hash & 31))
      if (((filter[(hash << 5) >>> shift] as number) & bits) !== bits) continue
      for (const window of this.#index.at(hash)) {
        const key = this.#compare(window, text, at + 1 - width, first, right, open)
        if (key !== undefined) return key
      }
    }
    return undefined
  }

  /** Compares the text around a window with the window's key. */
  #compare(window: number, text: Buffer, at: number, first: number, right: number, open: OpenKey[] | undefined): LoadedKey | undefined {
    const key = this.#keys[Math.floor(window / (slots * places))] as SearchedKey
    const { spell, reading } = keyForms[Math.floor(window / places) % slots] as KeyForm
    const from = at - (window % places)
    if (from < first) return undefined
    const needle = spell(key.text)
    const isWhole = from + needle.length <= right
    if (!isWhole && open === undefined) return undefined
    const length = Math.min(needle.length, right - from)
    for (let index = 0; index < length; index += 1) if (reading[text[from + index] as number] !== needle.charCodeAt(index)) return undefined
    if (isWhole) return key
    open?.push({ key, needle, reading, from })
    return undefined
  }
}

const keyCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_'
const hexCharacters = '0123456789abcdefABCDEF'
const hasKeyCharactersAlone = /^[A-Za-z0-9+/_-]*$/
