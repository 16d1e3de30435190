import { foldName } from './json-members.js'

/**
 * A parameter's name as servers could read it that are not strict: what is around it and what stands behind a
 * bracket, a dot or anything else that is in no plain name does not count, nor does case.
 *
 * @param pair `name=value`, as it stands between `&` or `;`.
 */
export function looseName(pair: string): string {
  const [name = ''] = new URLSearchParams(pair).keys()
  return /^[^a-z0-9]*([a-z0-9_-]*)/.exec(foldName(name))?.[1] ?? ''
}

/** The parameters of a query that begins with `?`, as servers part them: some also at `;`. */
export function partsOf(query: string): string[] {
  return query.slice(1).split(/[&;]/)
}
