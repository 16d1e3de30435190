import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
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

/** A text that YAML reads as a text: it has none of YAML's marks, does not begin as a number does, and is none of its words. */
const text = '(?!(?:null|Null|NULL|true|True|TRUE|false|False|FALSE)\\b)[A-Za-z/][A-Za-z0-9_./-]{0,255}'
const key = new RegExp(`( +)(${text}): \\{ gateway: (${text}), secret: \\{ (env|file): (${text}) \\} \\}\\n`, 'y')
const binding = new RegExp(`( +)- \\{ (user|team|project|key): (${text}), (user|team|project|key): (${text}) \\}\\n`, 'y')
const emptyLines = /(?: *(?:#.*)?\n)+/y

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
    const found = name === 'keys' ? readKeys(whole, index + line.length) : readBindings(whole, index + line.length)
    if (found === undefined) continue
    rest += whole.slice(from, index)
    cuts.push({ name, at: rest.length, value: found.value })
    rest += `${name}: ${instead[name]}\n`
    from = found.end
  }
  return { rest: rest + whole.slice(from), cuts }
}

interface Entries {
  readonly value: object
  /** Where they end. */
  readonly end: number
}

/** `undefined`: an entry is written in another way. */
function readKeys(whole: string, start: number): Entries | undefined {
  const value: Record<string, unknown> = {}
  const end = readLines(whole, start, key, ([, , alias = '', gateway, kind = '', name]) => {
    if (Object.hasOwn(value, alias)) return false
    value[alias] = { gateway, secret: { [kind]: name } }
    return true
  })
  return end === undefined ? undefined : { value, end }
}

function readBindings(whole: string, start: number): Entries | undefined {
  const value: unknown[] = []
  const end = readLines(whole, start, binding, ([, , first = '', one, second = '', other]) => {
    if (first === second) return false
    value.push({ [first]: one, [second]: other })
    return true
  })
  return end === undefined ? undefined : { value, end }
}

/** @param take Gets the parts of each line; `false`: the line is not as it should be. Returns where the lines end. */
function readLines(whole: string, start: number, line: RegExp, take: (parts: RegExpExecArray) => boolean): number | undefined {
  let at = start
  let indent: string | undefined
  for (;;) {
    emptyLines.lastIndex = at
    if (emptyLines.test(whole)) at = emptyLines.lastIndex
    line.lastIndex = at
    const parts = line.exec(whole)
    if (parts === null) break
    indent ??= parts[1]
    if (parts[1] !== indent || !take(parts)) return undefined
    at = line.lastIndex
  }
  // Only a line that begins at the left ends the entries.
  return indent === undefined || /[\s-]/.test(whole[at] ?? '') ? undefined : at
}
