import { SecretFamily, sharedLength } from './secret-family.js'

/** Where a secret was found in a text. */
export interface Found {
  readonly start: number
  /** The position after its last character. */
  readonly end: number
}

/** Secrets with the same first characters: mostly one. */
type Family = string | SecretFamily

/** Bits of the filter per family: of the windows that begin no secret, about one in thirty passes it. */
const bitsPerFamily = 32

/** The least number of families that there is room for. */
const leastRoom = 32

/** A family of so many members is put in order at once, and not when a text is searched: that text would wait for it. */
const leastLarge = 1000

const base = 0x01000193

/**
 * Secrets of at least `size` characters, by the hash of their first `size` ones. Secrets come and go one by one, each at the cost of a search
 * among those that begin alike.
 */
export class SecretTable {
  readonly #size: number
  /** What the character that leaves a window has been multiplied with. */
  readonly #top: number
  /** Families by their number, which is one above the index; what was removed leaves `undefined`. */
  #families: (Family | undefined)[] = []
  readonly #free: number[] = []
  /** The families of one place follow each other as a chain of their numbers; 0 ends the chain. */
  #first = new Uint32Array(leastRoom)
  #next = new Uint32Array(leastRoom)
  #hashes = new Int32Array(leastRoom)
  #bits = new Uint32Array((leastRoom * bitsPerFamily) / 32)
  /** How many families have gone since the filter was made: their bits are still set. */
  #gone = 0

  /** @param secrets Any of them may stand there twice. */
  constructor(size: number, secrets: readonly string[] = []) {
    this.#size = size
    let top = 1
    for (let step = 0; step < size; step += 1) top = Math.imul(top, base)
    this.#top = top
    this.#makeRoom(secrets.length)
    const large = new Set<SecretFamily>()
    for (const secret of secrets) {
      const hash = this.#hashOf(secret)
      const number = this.#numberOf(hash, secret)
      const family = this.#families[number - 1]
      if (family === undefined) this.#found(hash, secret)
      else if (typeof family !== 'string') {
        family.gather(secret)
        if (family.size === leastLarge) large.add(family)
      } else if (family !== secret) this.#families[number - 1] = new SecretFamily([family, secret])
    }
    for (const family of large) family.order()
  }

  /** Adds a secret that is not there. */
  add(secret: string): void {
    const hash = this.#hashOf(secret)
    const number = this.#numberOf(hash, secret)
    if (number === 0) {
      if (this.#free.length === 0) this.#makeRoom(this.#families.length + 1)
      this.#found(hash, secret)
      return
    }
    const family = this.#families[number - 1] as Family
    if (typeof family !== 'string') family.add(secret)
    else if (family !== secret) this.#families[number - 1] = new SecretFamily([family, secret])
  }

  remove(secret: string): void {
    const hash = this.#hashOf(secret)
    const number = this.#numberOf(hash, secret)
    const family = this.#families[number - 1]
    if (family === undefined) return
    if (typeof family !== 'string') {
      family.remove(secret)
      if (family.size === 1) this.#families[number - 1] = family.first
    } else if (family === secret) this.#unlink(hash, number)
  }

  /** What begins first in the text, and of those that begin there the longest. See `FindSecret`. */
  find(text: string, onlyWhole: boolean): Found | undefined {
    const [size, top, bits, first, next, hashes] = [this.#size, this.#top, this.#bits, this.#first, this.#next, this.#hashes]
    const lastBit = bits.length * 32 - 1
    let hash = 0
    for (let index = 0; index < text.length; index += 1) {
      hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0
      if (index < size - 1) continue
      if (index >= size) hash = (hash - Math.imul(text.charCodeAt(index - size), top)) | 0
      const spread = placeOf(hash)
      const bit = spread & lastBit
      if (((bits[bit >>> 5] as number) & (1 << (bit & 31))) === 0) continue
      const start = index - size + 1
      let end = 0
      for (let number = first[spread & (first.length - 1)] as number; number > 0; number = next[number - 1] as number)
        if (hashes[number - 1] === hash) end = Math.max(end, endOf(this.#families[number - 1] as Family, text, start, onlyWhole))
      if (end > 0) return { start, end }
    }
    return undefined
  }

  /** The number of the family that a secret belongs to; 0: there is none. */
  #numberOf(hash: number, secret: string): number {
    const places = this.#first.length - 1
    for (let number = this.#first[placeOf(hash) & places] as number; number > 0; number = this.#next[number - 1] as number)
      if (this.#hashes[number - 1] === hash && beginAlike(firstOf(this.#families[number - 1] as Family), secret, this.#size)) return number
    return 0
  }

  /** Begins a family. */
  #found(hash: number, secret: string): void {
    const number = this.#free.pop() ?? this.#families.length + 1
    this.#families[number - 1] = secret
    this.#hashes[number - 1] = hash
    this.#link(number)
  }

  #link(number: number): void {
    const spread = placeOf(this.#hashes[number - 1] as number)
    const place = spread & (this.#first.length - 1)
    this.#next[number - 1] = this.#first[place] as number
    this.#first[place] = number
    const bit = spread & (this.#bits.length * 32 - 1)
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] as number) | (1 << (bit & 31))
  }

  #unlink(hash: number, number: number): void {
    const place = placeOf(hash) & (this.#first.length - 1)
    const after = this.#next[number - 1] as number
    if (this.#first[place] === number) this.#first[place] = after
    else
      for (let before = this.#first[place] as number; before > 0; before = this.#next[before - 1] as number)
        if (this.#next[before - 1] === number) this.#next[before - 1] = after
    this.#families[number - 1] = undefined
    this.#free.push(number)
    this.#gone += 1
    if (this.#gone > this.#first.length) this.#relink()
  }

  /** Makes room for so many families. */
  #makeRoom(families: number): void {
    if (families <= this.#first.length) return
    const room = 2 ** Math.ceil(Math.log2(families))
    const [next, hashes] = [new Uint32Array(room), new Int32Array(room)]
    next.set(this.#next)
    hashes.set(this.#hashes)
    this.#next = next
    this.#hashes = hashes
    this.#first = new Uint32Array(room)
    this.#bits = new Uint32Array((room * bitsPerFamily) / 32)
    this.#relink()
  }

  /** Makes the chains and the filter anew. */
  #relink(): void {
    this.#first.fill(0)
    this.#bits.fill(0)
    this.#gone = 0
    for (const [index, family] of this.#families.entries()) if (family !== undefined) this.#link(index + 1)
  }

  #hashOf(secret: string): number {
    let hash = 0
    for (let index = 0; index < this.#size; index += 1) hash = (Math.imul(hash, base) + secret.charCodeAt(index)) | 0
    return hash
  }
}

function firstOf(family: Family): string {
  return typeof family === 'string' ? family : family.first
}

function beginAlike(one: string, other: string, size: number): boolean {
  for (let index = 0; index < size; index += 1) if (one.charCodeAt(index) !== other.charCodeAt(index)) return false
  return true
}

/** The position after the longest secret of a family that stands in a text at `start`; 0: none does. */
function endOf(family: Family, text: string, start: number, onlyWhole: boolean): number {
  if (typeof family !== 'string') return family.endIn(text, start, onlyWhole)
  const same = sharedLength(family, text, start)
  if (same === family.length) return start + same
  return !onlyWhole && start + same === text.length ? text.length : 0
}

function placeOf(hash: number): number {
  return (hash ^ (hash >>> 15)) >>> 0
}
