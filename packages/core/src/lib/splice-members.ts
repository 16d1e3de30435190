import { type MemberSpan, valueStart } from './json-members.js'
import type { Splice } from './splice.js'

/** The edits by a member's name: the JSON value to set, or `undefined` to remove the member. */
export type MemberEdits = ReadonlyMap<string, string | undefined>

/**
 * Makes the changes that remove and set members of a JSON object. New members come first. Every other character stays, also numbers
 * that JavaScript cannot represent.
 *
 * @param text Well-formed, without repeated members.
 * @param spans The object's members.
 * @param begin Where the first member may stand, behind the object's brace.
 */
export function spliceMembers(text: string, spans: readonly MemberSpan[], edits: MemberEdits, begin: number): readonly Splice[] {
  const kept = spans.filter(({ name }) => !edits.has(name) || edits.get(name) !== undefined)
  const there = new Set(spans.map(({ name }) => name))
  const added = [...edits].flatMap(([name, value]) => (value === undefined || there.has(name) ? [] : [`${JSON.stringify(name)}:${value}`]))
  const splices: Splice[] = []
  if (added.length > 0) splices.push({ from: begin, to: begin, put: `${added.join(',')}${kept.length > 0 ? ',' : ''}` })
  let last: MemberSpan | undefined
  for (let index = 0; index < spans.length; index += 1) {
    const span = spans[index] as MemberSpan
    const value = edits.get(span.name)
    if (value !== undefined) splices.push({ from: valueStart(text, span), to: span.end, put: value })
    if (value !== undefined || !edits.has(span.name)) {
      last = span
      continue
    }
    while (isRemoved(spans[index + 1], edits)) index += 1
    const next = spans[index + 1]
    // The comma goes that stands behind what is removed, or where nothing follows, the one before it.
    if (next !== undefined) splices.push({ from: span.start, to: next.start, put: '' })
    else splices.push({ from: last?.end ?? span.start, to: (spans[index] as MemberSpan).end, put: '' })
  }
  return splices
}

function isRemoved(span: MemberSpan | undefined, edits: MemberEdits): boolean {
  return span !== undefined && edits.has(span.name) && edits.get(span.name) === undefined
}
