import { foldName } from './json-members.js'

/** A parameter as one server or another reads it. */
export interface Parameter {
  readonly name: string
  readonly value: string
}

/**
 * The readings of a parameter: of servers that take escapes off once, and of those that take them off twice.
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

/** Takes escapes off as servers do that leave alone what is no escape. */
export function unescapeLeniently(text: string): string {
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'))
}

/** The names in the name of a parameter or field as servers read it that part it at brackets, dots and the like: `a[b].c`. */
export function namesIn(name: string): readonly string[] {
  return foldName(name).split(/[^a-z0-9_-]+/)
}

/**
 * A parameter's name as servers could read it that are not strict: what is around it and what stands behind a
 * bracket, a dot or anything else that is in no plain name does not count, nor does case.
 */
export function looseName({ name }: Parameter): string {
  return /^[^a-z0-9]*([a-z0-9_-]*)/.exec(foldName(name))?.[1] ?? ''
}

/** The parameters of a query that begins with `?`, as servers part them: some also at `;`. */
export function partsOf(query: string): string[] {
  return query.slice(1).split(/[&;]/)
}
