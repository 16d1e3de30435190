import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { readPlainLines } from './plain-lines.js'
import { withRepeatedKeys } from './repeated-keys.js'

/** Entries that were cut out of a text: the value of a member at its top. */
interface Cut {
  readonly name: keyof typeof instead
  /** Where the member begins in what is left of the text. */
  readonly at: number
  readonly value: object
}

/** What stands in the place of the entries: an empty value of the same kind. */
const instead = { keys: '{}', bindings: '[]' } as const

/**
 * Reads a configuration in YAML whose `keys` or `bindings` have all of their entries on a line of their own, written in the usual way. Those are
 * read here, and the rest by the library, which takes ten times as long for 100,000 of them.
 *
 * @param maxAliases How many aliases of YAML it may use.
 * @returns `undefined` if there are no such entries, or if anything is wrong: then the library must read the whole text, and says what.
 */
export function readPlainYaml(whole: string, maxAliases: number): unknown {
  // A directive or another document could change how everything else is read.
  if (/^(?:%|---|\.\.\.)/m.test(whole)) return undefined
  const { rest, cuts } = cutEntries(whole)
  if (cuts.length === 0) return undefined
  const document = parseDocument(rest, { logLevel: 'error', uniqueKeys: false })
  if (withRepeatedKeys(document, new LineCounter()).length > 0 || !hasThere(document, cuts)) return undefined
  try {
    const read = document.toJS({ maxAliasCount: maxAliases }) as object
    return { ...read, ...Object.fromEntries(cuts.map(({ name, value }) => [name, value])) }
  } catch {
    return undefined
  }
}

/** Whether the library sees a member at the top exactly where each cut was made: then the entries were the value of that member. */
function hasThere({ contents }: Document, cuts: readonly Cut[]): boolean {
  if (!isMap(contents) || contents.flow === true) return false
  const places = new Map<number | undefined, unknown>()
  for (const { key: node } of contents.items) if (isScalar(node)) places.set(node.range?.[0], node.value)
  return cuts.every(({ name, at }) => places.get(at) === name)
}

function cutEntries(whole: string): { readonly rest: string; readonly cuts: readonly Cut[] } {
  const cuts: Cut[] = []
  let rest = ''
  let from = 0
  for (const { index, 0: line } of whole.matchAll(/^(?:keys|bindings):\n/gm)) {
    const name = line.startsWith('keys') ? 'keys' : 'bindings'
    const found = readPlainLines(whole, index + line.length, name)
    if (found === undefined) continue
    rest += whole.slice(from, index)
    cuts.push({ name, at: rest.length, value: found.value })
    rest += `${name}: ${instead[name]}\n`
    from = found.end
  }
  return { rest: rest + whole.slice(from), cuts }
}
