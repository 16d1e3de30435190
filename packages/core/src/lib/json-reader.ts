import type { MemberSpan } from './json-members.js'

/** What {@link JsonReader} has found so far. */
export interface JsonCounts {
  /** Members of all objects together, at every depth. */
  readonly members: number
  /** Strings, at every depth; names are not among them. */
  readonly strings: number
  /** Objects and lists. */
  readonly containers: number
  /** The most objects and lists that were open at once. */
  readonly depth: number
}

interface Frame {
  readonly value: Record<string, unknown> | unknown[]
  readonly isList: boolean
  /** Whether members may be repeated in this object or list. */
  readonly isFree: boolean
  /** The member that is being read. */
  name: string
}

/** The rules for members that are repeated in one object. */
export interface Repetition {
  /** Whether members may be repeated anywhere inside the value of a member of this name. */
  allowedIn(name: string): boolean
  /** Called for each other repeated member; may throw. */
  found(name: string): void
}

const allowed: Repetition = { allowedIn: () => true, found: () => {} }

/** What may come next. */
type Expected = 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'comma or end' | 'nothing'

/** The longest number that is read, in characters. Useful numbers have at most some hundreds. */
const maxNumberChars = 2000

/** Beyond this many items of a list, numbers are dropped: no rule looks at them, and a growing list is copied repeatedly. */
const maxNumbersKept = 65_536

/** How much of a string is taken in one piece, in characters. */
const pieceChars = 64 * 1024

/**
 * Reads a JSON text (RFC 8259) to the same value as `JSON.parse`, or to an error, but in slices, so that other work can be
 * done between two of them. Exceptions: it drops numbers of very long lists, and refuses numbers of more than 2,000
 * characters. Takes time linear in the text's length.
 *
 * Also finds the spans of the outermost object's members, and repeated members.
 */
export class JsonReader {
  readonly #text: string
  readonly #repetition: Repetition
  readonly #checkName: (name: { readonly length: number }) => void
  readonly #open: Frame[] = []
  readonly spans: MemberSpan[] = []
  #at = 0
  #expected: Expected = 'value'
  #root: unknown
  #members = 0
  /** Values of every kind. */
  #values = 0
  #strings = 0
  #containers = 0
  #depth = 0
  /** The pieces of a string that is being read; `undefined` outside of strings. */
  #pieces: string[] | undefined
  #isName = false
  /** Where the outermost member that is being read began. */
  #memberStart = 0

  /**
   * @param repetition Default: members may be repeated everywhere; the last one counts.
   * @param checkName Called with the length of every member's name before the name is assembled; may throw.
   */
  constructor(text: string, repetition = allowed, checkName: (name: { readonly length: number }) => void = () => {}) {
    this.#text = text
    this.#repetition = repetition
    this.#checkName = checkName
  }

  get counts(): JsonCounts {
    return { members: this.#members, strings: this.#strings, containers: this.#containers, depth: this.#depth }
  }

  /** The value of the whole text, once {@link read} has given `true`. */
  get value(): unknown {
    return this.#root
  }

  /**
   * Reads the next slice.
   *
   * @param maxChars The most characters to read; the last token may go beyond.
   * @param maxMembers The most values to read, of members and of lists.
   * @returns Whether the text is read to its end.
   * @throws {SyntaxError} if the text is not well-formed. Also throws what `repetition` and `checkName` throw.
   */
  read(maxChars: number, maxMembers: number): boolean {
    const text = this.#text
    const stop = Math.min(text.length, this.#at + maxChars)
    const lastValue = this.#values + maxMembers
    while (this.#at < stop && this.#values < lastValue) {
      if (this.#pieces !== undefined) {
        this.#readString(stop)
        continue
      }
      const code = text.charCodeAt(this.#at)
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) this.#at += 1
      else this.#take(code)
    }
    if (this.#at < text.length) return false
    if (this.#expected !== 'nothing') throw new SyntaxError('The text ends too early.')
    return true
  }

  #take(code: number): void {
    const expected = this.#expected
    if (expected === 'colon') {
      if (code !== 0x3a) throw unexpected()
      this.#at += 1
      this.#expected = 'value'
    } else if (expected === 'comma or end') this.#takeCommaOrEnd(code)
    else if (expected === 'nothing') throw unexpected()
    else if (code === 0x22) {
      this.#isName = expected === 'name' || expected === 'name or end'
      if (this.#isName && this.#open.length === 1) this.#memberStart = this.#at
      this.#pieces = []
      this.#at += 1
    } else if (expected === 'name' || expected === 'name or end') {
      if (code !== 0x7d || expected === 'name') throw unexpected()
      this.#close()
    } else if (code === 0x5d && expected === 'value or end') this.#close()
    else if (code === 0x7b) this.#opens({}, false)
    else if (code === 0x5b) this.#opens([], true)
    else this.#put(this.#readPlain())
  }

  #takeCommaOrEnd(code: number): void {
    const { isList } = this.#open.at(-1) as Frame
    if (code === (isList ? 0x5d : 0x7d)) return this.#close()
    if (code !== 0x2c) throw unexpected()
    this.#endMember()
    this.#at += 1
    this.#expected = isList ? 'value' : 'name'
  }

  #opens(value: Frame['value'], isList: boolean): void {
    const above = this.#open.at(-1)
    const isFree = above !== undefined && (above.isFree || (!above.isList && this.#repetition.allowedIn(above.name)))
    this.#put(value)
    this.#open.push({ value, isList, isFree, name: '' })
    this.#containers += 1
    this.#depth = Math.max(this.#depth, this.#open.length)
    this.#expected = isList ? 'value or end' : 'name or end'
    this.#at += 1
  }

  #close(): void {
    if (this.#expected === 'comma or end') this.#endMember()
    this.#open.pop()
    this.#at += 1
    this.#expected = this.#open.length === 0 ? 'nothing' : 'comma or end'
  }

  /** At a comma or closing brace: records the span of the member before it, if that is one of the outermost object. */
  #endMember(): void {
    const frame = this.#open.at(-1) as Frame
    if (this.#open.length === 1 && !frame.isList) this.spans.push({ name: frame.name, start: this.#memberStart, end: this.#at })
  }

  /** Adds a value to the innermost open object or list; without one, it is the root. */
  #put(value: unknown): void {
    this.#values += 1
    const frame = this.#open.at(-1)
    this.#expected = frame === undefined ? 'nothing' : 'comma or end'
    if (frame === undefined) this.#root = value
    else if (Array.isArray(frame.value)) {
      if (typeof value !== 'number' || frame.value.length < maxNumbersKept) frame.value.push(value)
    } else {
      this.#members += 1
      const { name } = frame
      if (!frame.isFree && Object.hasOwn(frame.value, name)) this.#repetition.found(name)
      // Like JSON.parse, make `__proto__` an own member and never set the prototype.
      if (name === '__proto__') Object.defineProperty(frame.value, name, { value, writable: true, enumerable: true, configurable: true })
      else frame.value[name] = value
    }
  }

  /** Reads the next piece of a string, at most to `stop`, except for an escape that begins before. */
  #readString(stop: number): void {
    const text = this.#text
    const from = this.#at
    const end = Math.min(stop, from + pieceChars)
    let at = from
    let isEscaped = false
    let isWhole = false
    while (at < end) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        isWhole = true
        break
      }
      if (code < 0x20) throw unexpected()
      if (code === 0x5c) {
        isEscaped = true
        // Skip the whole escape; JSON.parse below throws if it is invalid.
        at += text.charCodeAt(at + 1) === 0x75 ? 6 : 2
      } else at += 1
    }
    if (at > text.length) throw unexpected()
    const piece = text.slice(from, at)
    if (at > from) (this.#pieces as string[]).push(isEscaped ? (JSON.parse(`"${piece}"`) as string) : piece)
    this.#at = at
    if (isWhole) this.#endString()
  }

  #endString(): void {
    const pieces = this.#pieces as string[]
    if (this.#isName) this.#checkName({ length: pieces.reduce((length, piece) => length + piece.length, 0) })
    const text = pieces.length === 1 ? (pieces[0] as string) : pieces.join('')
    this.#pieces = undefined
    this.#at += 1
    if (this.#isName) {
      ;(this.#open.at(-1) as Frame).name = text
      this.#expected = 'colon'
    } else {
      this.#strings += 1
      this.#put(text)
    }
  }

  /** Reads a number, `true`, `false` or `null`. */
  #readPlain(): unknown {
    const text = this.#text
    const code = text.charCodeAt(this.#at)
    if (code > 0x39) {
      const found = words.find(([word]) => text.startsWith(word, this.#at))
      if (found === undefined) throw unexpected()
      this.#at += found[0].length
      return found[1]
    }
    let end = this.#at
    const last = Math.min(text.length, end + maxNumberChars + 1)
    while (end < last && isOfNumber(text.charCodeAt(end))) end += 1
    const number = text.slice(this.#at, end)
    if (number.length > maxNumberChars || !wellFormedNumber.test(number)) throw unexpected()
    this.#at = end
    return Number(number)
  }
}

const words: readonly (readonly [word: string, value: unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

const wellFormedNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function isOfNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e || code === 0x45 || code === 0x65
}

function unexpected(): SyntaxError {
  return new SyntaxError('The text is not well-formed JSON.')
}
