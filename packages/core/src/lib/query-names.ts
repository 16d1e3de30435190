import { foldCase } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { countUpTo } from './count-up-to.js'

/** A query parameter as some server reads it. */
export interface Parameter {
  readonly name: string
  readonly value: string
}

/**
 * The readings of a parameter: by servers that percent-decode once, and by servers that decode twice.
 *
 * @param pair `name=value`, as it stands between `&` or `;`.
 */
export function readingsOf(pair: string): readonly Parameter[] {
  const equals = pair.indexOf('=')
  const [name = '', value = ''] = (equals === -1 ? [pair] : [pair.slice(0, equals), pair.slice(equals + 1)]).map((part) =>
    unescapeLeniently(part.replaceAll('+', ' ')),
  )
  const once = { name, value }
  return name.includes('%') || value.includes('%') ? [once, { name: unescapeLeniently(name), value: unescapeLeniently(value) }] : [once]
}

/** Percent-decodes a text as lenient servers do: an invalid escape stays as it is. Never throws. */
export function unescapeLeniently(text: string): string {
  if (!text.includes('%')) return text
  // One pass over bytes, since a text may be nothing but escapes. What stands beside an escape is whole in UTF-8, so no text joins with it.
  const bytes = Buffer.from(text)
  let length = 0
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] as number
    const isEscape = byte === percent && index + 2 < bytes.length
    const escaped = isEscape ? (sixteens[bytes[index + 1] as number] as number) * 16 + (sixteens[bytes[index + 2] as number] as number) : -1
    bytes[length] = escaped < 0 ? byte : escaped
    length += 1
    if (escaped >= 0) index += 2
  }
  return bytes.toString('utf8', 0, length)
}

const percent = 0x25

/** By byte: the value of a hexadecimal digit; of anything else so little that a sum with it is negative. */
const sixteens = Int16Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCodePoint(byte).toLowerCase())
  return digit === -1 ? -1000 : digit
})

/** The names in the name of a parameter or field, for servers that split it at brackets, dots and the like: `a[b].c`. */
export function namesIn(name: string): readonly string[] {
  return foldCase(name).split(/[^a-z0-9_-]+/)
}

/**
 * A parameter's name as a lenient server could read it: lower-case, without leading punctuation, and only up to the first
 * character that is not a letter, digit, `_` or `-`, such as a bracket or a dot.
 */
export function lenientParameterName({ name }: Parameter): string {
  return /^[^a-z0-9]*([a-z0-9_-]*)/.exec(foldCase(name))?.[1] ?? ''
}

/** The most parameters of a query, empty ones included. No API has as many. */
export const maxParameters = 1000

/**
 * The parameters of a query that begins with `?`, without empty ones. Splits at `&` and also at `;`, as some servers do. Everything
 * that reads parameters calls this, and it counts before it splits, since clients that are not identified send queries.
 *
 * @throws {Refusal} 400 `request_malformed` if there are more than {@link maxParameters}.
 */
export function splitQuery(query: string): string[] {
  if (countUpTo(maxParameters, query, '&;') === maxParameters)
    throw new Refusal('request_malformed', { message: `The query has more than ${maxParameters} parameters.` })
  return query
    .slice(1)
    .split(/[&;]/)
    .filter((pair) => pair !== '')
}
