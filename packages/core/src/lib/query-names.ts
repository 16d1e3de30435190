import { foldCase } from '@postern/gateways'

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
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'))
}

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

/** The parameters of a query that begins with `?`. Splits at `&` and also at `;`, as some servers do. */
export function splitQuery(query: string): string[] {
  return query.slice(1).split(/[&;]/)
}
