const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c

/**
 * A member's name as servers read it that have no regard to case: some fold characters beyond ASCII as well,
 * such as the long s and the sign of Kelvin.
 */
export function foldName(name: string): string {
  return (isPlain.test(name) ? name : name.normalize('NFKC')).toLowerCase()
}

// oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
const isPlain = /^[\0-\x7f]*$/

/** Whoever walks along an object. */
export interface MemberVisitor {
  /** A member begins, at its name's quotation mark. */
  begins(name: string, start: number): void
  /** The member that began last ends; a comma or the object's brace stands there. */
  ends(end: number): void
  /** So many objects and lists are open. */
  opens(depth: number): void
}

/**
 * Walks along the outermost object of a JSON text, member by member, without building anything. Ends at the
 * text's end also where the text is not well-formed.
 *
 * @throws {SyntaxError} where an escape in a name is none.
 */
export function walkMembers(text: string, visitor: MemberVisitor): void {
  let depth = 0
  let nameExpected = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index)
    if (character === quote) {
      const end = endOfString(text, index)
      if (nameExpected && depth === 1) {
        const raw = text.slice(index + 1, end)
        visitor.begins(raw.includes('\\') ? (JSON.parse(text.slice(index, end + 1)) as string) : raw, index)
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
    } else if (character === comma && depth === 1) {
      nameExpected = true
      visitor.ends(index)
    }
  }
}

/** Where a member stands in an object's text, from its name's quotation mark to what follows it. */
export interface MemberSpan {
  readonly name: string
  readonly start: number
  readonly end: number
}

/**
 * Takes a member out of a JSON object's text and leaves every other character as it is, numbers that
 * JavaScript cannot hold included. The text is well-formed.
 */
export function removeMember(text: string, name: string): string {
  const spans = spansOf(text)
  const at = spans.findIndex((span) => span.name === name)
  const span = spans[at]
  if (span === undefined) return text
  const next = spans[at + 1]
  if (next !== undefined) return text.slice(0, span.start) + text.slice(next.start)
  return text.slice(0, spans[at - 1]?.end ?? span.start) + text.slice(span.end)
}

/** Sets a member of a JSON object's text to a JSON value, first of all where it is not there yet, and leaves every other character as it is. */
export function setMember(text: string, name: string, value: string): string {
  const spans = spansOf(text)
  if (spans.some((span) => span.name === name)) return replaceMember(text, name, value)
  const brace = text.indexOf('{') + 1
  return `${text.slice(0, brace)}${JSON.stringify(name)}:${value}${spans.length === 0 ? '' : ','}${text.slice(brace)}`
}

/** Sets a member that stands in a JSON object's text to a JSON value, and leaves every other character as it is. */
export function replaceMember(text: string, name: string, value: string): string {
  const span = spansOf(text).findLast((candidate) => candidate.name === name)
  if (span === undefined) return text
  return `${text.slice(0, valueStart(text, span))}${value}${text.slice(span.end)}`
}

/** A member's value as it is written. */
export function valueOf(text: string, span: MemberSpan): string {
  return text.slice(valueStart(text, span), span.end)
}

function valueStart(text: string, { start }: MemberSpan): number {
  return text.indexOf(':', endOfString(text, start)) + 1
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
