import { foldCase } from '@postern/gateways'

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c
const colon = 0x3a

/** Called by {@link walkMembers}. Positions are offsets in the text. Each method may throw. */
export interface MemberVisitor {
  /** A member begins; `start` is the quotation mark of its name. */
  begins(name: string, start: number): void
  /** The member that began last ends; `end` is the comma or the brace after it. */
  ends(end: number): void
  /** An object or a list begins; `depth` are open now. */
  opens(depth: number): void
}

/** How much stands in a text, at all depths together. */
export interface WalkedCounts {
  /** Members of objects; a repeated member counts each time. */
  readonly members: number
  /** Commas: members and items that follow others. */
  readonly further: number
}

/**
 * Visits the members of the outermost object of a JSON text, without parsing values. Does not check that the text is
 * well-formed. Takes time linear in the text's length.
 *
 * @throws {SyntaxError} if a name has an invalid escape.
 */
export function walkMembers(text: string, visitor: MemberVisitor): WalkedCounts {
  let members = 0
  let further = 0
  let depth = 0
  let nameExpected = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index)
    if (character === quote) {
      const end = endOfString(text, index)
      if (nameExpected && depth === 1) {
        visitor.begins(readName(text, index, end), index)
        nameExpected = false
      }
      index = end
    } else if (character === openBrace || character === openBracket) {
      depth += 1
      nameExpected = depth === 1
      visitor.opens(depth)
    } else if (character === closeBrace || character === closeBracket) {
      depth -= 1
      if (depth === 0 && !nameExpected) visitor.ends(index)
    } else if (character === colon) members += 1
    else if (character === comma) {
      further += 1
      if (depth !== 1) continue
      nameExpected = true
      visitor.ends(index)
    }
  }
  return { members, further }
}

/** Where a member is in a text: from the quotation mark of its name to the comma or brace after it, exclusive. */
export interface MemberSpan {
  readonly name: string
  readonly start: number
  readonly end: number
  /** Of an object that was read together with all around it: its own members. A list has none. */
  readonly within?: readonly MemberSpan[] | undefined
}

/** Sets a member, if the text of a JSON object has it (the last, if repeated), to a JSON value. All other characters stay. */
export function replaceMember(text: string, name: string, value: string): string {
  const span = spansOf(text).findLast((candidate) => candidate.name === name)
  if (span === undefined) return text
  return `${text.slice(0, valueStart(text, span))}${value}${text.slice(span.end)}`
}

/** Where a member's value begins, with the blanks before it. */
export function valueStart(text: string, { start }: MemberSpan): number {
  return text.indexOf(':', endOfString(text, start)) + 1
}

/** What becomes of a member's value, as it is written; `undefined` where it stays. */
export type ValueEdit = (written: string) => string | undefined

/**
 * Edits the values of members by their names, folded as {@link foldCase} does, at every depth of a JSON text, which is
 * well-formed. Every other character stays as it is, and so does what lies within such a value. Goes through the text once, and
 * no deeper into itself however deep the text is.
 */
export function createValueEditor(names: ReadonlySet<string>): (text: string, edit: ValueEdit) => string {
  const longest = maxEscapeBytes * Math.max(...Array.from(names, ({ length }) => length))
  const isNamed = (text: string, start: number, end: number): boolean =>
    end - start - 1 <= longest && names.has(foldCase(readName(text, start, end)))

  return (text, edit) => {
    const pieces: string[] = []
    let kept = 0
    for (let start = text.indexOf('"'), next: number; start !== -1; start = text.indexOf('"', next)) {
      const end = endOfString(text, start)
      next = pastBlanks(text, end + 1)
      // A text before a colon is a name.
      if (text.charCodeAt(next) !== colon) continue
      next = pastBlanks(text, next + 1)
      if (!isNamed(text, start, end)) continue
      const valueEnd = endOfValue(text, next)
      const value = edit(text.slice(next, valueEnd))
      if (value !== undefined) {
        pieces.push(text.slice(kept, next), value)
        kept = valueEnd
      }
      next = valueEnd
    }
    return pieces.length === 0 ? text : pieces.join('') + text.slice(kept)
  }
}

/** As long as one character of a text may be written: `\u005f`. */
const maxEscapeBytes = 6

/** @param end The quotation mark that ends it. */
function readName(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  return raw.includes('\\') ? (JSON.parse(text.slice(start, end + 1)) as string) : raw
}

function pastBlanks(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; code = text.charCodeAt(at)) at += 1
  return at
}

/** Where a value ends that begins at `start`. */
export function endOfValue(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === openBrace || code === openBracket) depth += 1
    else if (code === closeBrace || code === closeBracket) {
      depth -= 1
      // The end of what the value stands in.
      if (depth < 0) return at
      if (depth === 0) return at + 1
    } else if (code === quote) {
      at = endOfString(text, at)
      if (depth === 0) return at + 1
    } else if (code === comma && depth === 0) return at
  }
  return text.length
}

/** The members of the outermost object of a JSON text, which is well-formed. */
export function spansOf(text: string): readonly MemberSpan[] {
  const spans: MemberSpan[] = []
  let begun: { readonly name: string; readonly start: number } | undefined
  walkMembers(text, {
    begins: (name, start) => (begun = { name, start }),
    ends(end) {
      if (begun !== undefined) spans.push({ ...begun, end })
      begun = undefined
    },
    opens: () => {},
  })
  return spans
}

/**
 * Where the members of a nested object stand in the text.
 *
 * @param span The member whose value the object is.
 * @returns `undefined` if the member's value is of another type.
 */
export function spansWithin(text: string, span: MemberSpan): readonly MemberSpan[] | undefined {
  const from = pastBlanks(text, valueStart(text, span))
  if (text.charCodeAt(from) !== openBrace) return undefined
  return spansOf(text.slice(from, span.end)).map(({ name, start, end }) => ({ name, start: start + from, end: end + from }))
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

/** Whether an odd number of backslashes stands before the position. */
function isEscaped(text: string, position: number): boolean {
  let before = position - 1
  while (text.charCodeAt(before) === backslash) before -= 1
  return (position - before) % 2 === 0
}
