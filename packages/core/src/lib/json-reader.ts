import type { MemberSpan } from './json-members.js'
import { rememberNamesOf } from './names-of.js'

/** How much {@link JsonReader} has read so far. */
export interface JsonCounts {
  /** Members of all objects together, at every depth. */
  readonly members: number
  /** Strings that are values, at every depth. Names of members do not count. */
  readonly strings: number
  /** Objects and lists, at every depth. */
  readonly containers: number
  /** The most objects and lists that were open at once. */
  readonly depth: number
}

/** An object or a list that has begun and not ended yet. */
interface Frame {
  readonly value: Record<string, unknown> | unknown[]
  readonly isList: boolean
  /** Whether members may be repeated in this object or list. */
  readonly isFree: boolean
  /** The names of its members, each once; `undefined` for a list. */
  readonly names: string[] | undefined
  /** Its members that have ended, in the order of the text; `undefined` for a list, and for what stands in one. */
  readonly spans: MemberSpan[] | undefined
  /** The name of the member that is being read. Empty in a list. */
  name: string
  /** The offset at which that member begins: the quotation mark of its name. */
  start: number
  /** The members of the object that ended last in it. */
  within: readonly MemberSpan[] | undefined
}

/** The rules for members that are repeated in one object. */
export interface Repetition {
  /** Whether members may be repeated anywhere inside the value of a member of this name. */
  allowedIn(name: string): boolean
  /** Called with the name each time a member is repeated where {@link Repetition.allowedIn} does not allow it. May throw. */
  found(name: string): void
}

const allowed: Repetition = { allowedIn: () => true, found: () => {} }

/** Which token may come next. `end` is the `]` or `}` of the innermost open list or object; `nothing` means the end of the text. */
type Expected = 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'comma or end' | 'nothing'

/** The most characters of a number; a longer number is an error. Numbers in real requests have at most some hundreds. */
const maxNumberChars = 2000

/**
 * If a parsed list already has this many items, the reader does not add further numbers to it: no policy reads them, and JavaScript
 * copies a growing list repeatedly. Other values are still added.
 */
const maxItemsWithNumbers = 65_536

/** The most characters of a string that are read in one piece. An escape at the limit is read to its end. */
const maxPieceChars = 64 * 1024

/**
 * Parses a JSON text (RFC 8259) in slices, so that the event loop can do other work between two slices. Gives the same value as
 * `JSON.parse`, and throws a `SyntaxError` for the same texts. Two differences: it leaves numbers out of lists of more than 65,536
 * items, and throws if a number has more than 2,000 characters. Takes time linear in the text's length.
 *
 * Also collects the spans of the outermost object's members, with those of the objects in them that stand in no list, and calls
 * {@link Repetition.found} for repeated members.
 */
export class JsonReader {
  readonly #text: string
  readonly #repetition: Repetition
  readonly #checkName: (name: { readonly length: number }) => void
  readonly #open: Frame[] = []
  /** The members of the outermost object that have ended, in the order of the text. Empty if the outermost value is no object. */
  readonly spans: MemberSpan[] = []
  #at = 0
  #expected: Expected = 'value'
  #root: unknown
  #members = 0
  /** How many values have begun, of every kind and at every depth. */
  #values = 0
  #strings = 0
  #containers = 0
  #depth = 0
  /** The pieces so far of the string that is being read; `undefined` if no string is being read. */
  #pieces: string[] | undefined
  /** Whether the string that is being read is the name of a member. */
  #isName = false

  /**
   * @param repetition Default: members may be repeated everywhere; the last one counts.
   * @param checkName Called with the length of each member's name, before the reader joins the pieces of the name. May throw.
   */
  constructor(text: string, repetition = allowed, checkName: (name: { readonly length: number }) => void = () => {}) {
    this.#text = text
    this.#repetition = repetition
    this.#checkName = checkName
  }

  get counts(): JsonCounts {
    return { members: this.#members, strings: this.#strings, containers: this.#containers, depth: this.#depth }
  }

  /** The parsed value. Complete only after {@link read} has returned `true`. */
  get value(): unknown {
    return this.#root
  }

  /**
   * Reads the next slice of the text.
   *
   * @param maxChars The most characters of the slice. A number, a literal or an escape that begins before the limit is read to its end.
   * @param maxMembers The most values of the slice: values of members, items of lists, and the outermost value.
   * @returns `true` if the whole text is read; `false` if the caller must call `read` again.
   * @throws {SyntaxError} if the text is not well-formed. Also throws what `repetition.found` and `checkName` throw.
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
      else this.#readToken(code)
    }
    if (this.#at < text.length) return false
    if (this.#expected !== 'nothing') throw new SyntaxError('The text ends too early.')
    return true
  }

  #readToken(code: number): void {
    const expected = this.#expected
    if (expected === 'colon') {
      if (code !== 0x3a) throw notWellFormed()
      this.#at += 1
      this.#expected = 'value'
    } else if (expected === 'comma or end') this.#readCommaOrEnd(code)
    else if (expected === 'nothing') throw notWellFormed()
    else if (code === 0x22) {
      this.#isName = expected === 'name' || expected === 'name or end'
      if (this.#isName) (this.#open.at(-1) as Frame).start = this.#at
      this.#pieces = []
      this.#at += 1
    } else if (expected === 'name' || expected === 'name or end') {
      if (code !== 0x7d || expected === 'name') throw notWellFormed()
      this.#close()
    } else if (code === 0x5d && expected === 'value or end') this.#close()
    else if (code === 0x7b) this.#opens({}, false)
    else if (code === 0x5b) this.#opens([], true)
    else this.#addValue(this.#readNumberOrLiteral())
  }

  #readCommaOrEnd(code: number): void {
    const { isList } = this.#open.at(-1) as Frame
    if (code === (isList ? 0x5d : 0x7d)) return this.#close()
    if (code !== 0x2c) throw notWellFormed()
    this.#endMember()
    this.#at += 1
    this.#expected = isList ? 'value' : 'name'
  }

  #opens(value: Frame['value'], isList: boolean): void {
    const above = this.#open.at(-1)
    const isFree = above !== undefined && (above.isFree || (!above.isList && this.#repetition.allowedIn(above.name)))
    this.#addValue(value)
    const isOutermost = above === undefined
    const spans = isList ? undefined : isOutermost ? this.spans : above.spans === undefined ? undefined : []
    this.#open.push({ value, isList, isFree, names: isList ? undefined : [], spans, name: '', start: 0, within: undefined })
    this.#containers += 1
    this.#depth = Math.max(this.#depth, this.#open.length)
    this.#expected = isList ? 'value or end' : 'name or end'
    this.#at += 1
  }

  #close(): void {
    if (this.#expected === 'comma or end') this.#endMember()
    const ended = this.#open.pop()
    if (ended?.names !== undefined) rememberNamesOf(ended.value, ended.names)
    const around = this.#open.at(-1)
    if (around !== undefined) around.within = ended?.spans
    this.#at += 1
    this.#expected = this.#open.length === 0 ? 'nothing' : 'comma or end'
  }

  /** Called at the comma, `]` or `}` after a value. If this ends a member, adds its span to those of its object. */
  #endMember(): void {
    const frame = this.#open.at(-1) as Frame
    frame.spans?.push({ name: frame.name, start: frame.start, end: this.#at, within: frame.within })
    frame.within = undefined
  }

  /** Adds a value to the innermost open object or list. If none is open, the value becomes the root. */
  #addValue(value: unknown): void {
    this.#values += 1
    const frame = this.#open.at(-1)
    this.#expected = frame === undefined ? 'nothing' : 'comma or end'
    if (frame === undefined) this.#root = value
    else if (Array.isArray(frame.value)) {
      if (typeof value !== 'number' || frame.value.length < maxItemsWithNumbers) frame.value.push(value)
    } else {
      this.#members += 1
      const { name } = frame
      if (!Object.hasOwn(frame.value, name)) frame.names?.push(name)
      else if (!frame.isFree) this.#repetition.found(name)
      // Like JSON.parse, make `__proto__` an own member and never set the prototype.
      if (name === '__proto__') Object.defineProperty(frame.value, name, { value, writable: true, enumerable: true, configurable: true })
      else frame.value[name] = value
    }
  }

  /** Reads the next piece of a string, at most to the offset `stop`. An escape that begins before `stop` is read to its end. */
  #readString(stop: number): void {
    const text = this.#text
    const from = this.#at
    const end = Math.min(stop, from + maxPieceChars)
    let at = from
    let isEscaped = false
    let isWhole = false
    while (at < end) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        isWhole = true
        break
      }
      if (code < 0x20) throw notWellFormed()
      if (code === 0x5c) {
        isEscaped = true
        // Skip the whole escape; JSON.parse below throws if it is invalid.
        at += text.charCodeAt(at + 1) === 0x75 ? 6 : 2
      } else at += 1
    }
    // The text ends within an escape.
    if (at > text.length) throw notWellFormed()
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
      this.#addValue(text)
    }
  }

  /** Reads a number, `true`, `false` or `null`. */
  #readNumberOrLiteral(): unknown {
    const text = this.#text
    const code = text.charCodeAt(this.#at)
    // A code above that of `9` cannot begin a number.
    if (code > 0x39) {
      const found = words.find(([word]) => text.startsWith(word, this.#at))
      if (found === undefined) throw notWellFormed()
      this.#at += found[0].length
      return found[1]
    }
    let end = this.#at
    const last = Math.min(text.length, end + maxNumberChars + 1)
    while (end < last && isNumberCharacter(text.charCodeAt(end))) end += 1
    const number = text.slice(this.#at, end)
    if (number.length > maxNumberChars || !wellFormedNumber.test(number)) throw notWellFormed()
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

function isNumberCharacter(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e || code === 0x45 || code === 0x65
}

function notWellFormed(): SyntaxError {
  return new SyntaxError('The text is not well-formed JSON.')
}
