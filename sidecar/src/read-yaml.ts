import { isAscii, isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Problem } from '@postern/config'
import { redactKeys } from '@postern/protocol'
import { type Document, isNode, LineCounter, parseDocument, visit } from 'yaml'
import { describeYamlError } from './describe-yaml-error.js'
import { Failure } from './failure.js'
import { readPlainYaml } from './plain-yaml.js'
import { NestsTooDeeply, readJson } from './read-json.js'
import { withRepeatedKeys } from './repeated-keys.js'

/** The content of a configuration file; `raw` is `undefined` if the file is not YAML. */
export interface ReadYaml {
  readonly raw: unknown
  readonly problems: readonly Problem[]
  /** The line on which a member stands, by its path. Absent for a file that is JSON, and for a long configuration. */
  readonly lineOf?: (path: readonly PropertyKey[]) => number | undefined
}

/** The largest configuration file, in bytes: room for 100,000 keys and their bindings. */
const maxBytes = 64 * 1024 * 1024

/** From how many characters on a configuration is looked at for plain entries: the library reads less in a few milliseconds. */
const fewestPlainChars = 65_536

/** What a file is, for messages. */
export interface FileKind {
  /** With its article. */
  readonly name: string
  readonly usualFile: string
  /** Behind "There is no"; `%` stands for the path. */
  readonly ifMissing: string
  readonly page: string
  /** The page with an example. */
  readonly example: string
}

const configuration: FileKind = {
  name: 'a configuration',
  usualFile: 'postern.yaml',
  ifMissing: 'configuration at %.\nName one with --config, or try "postern demo", which needs none.',
  page: 'docs/configuration.md',
  example: 'README.md',
}

/** The file that `limits.prices` names. */
export const priceFile: FileKind = {
  name: 'a price file',
  usualFile: 'prices.yaml',
  ifMissing: 'price file at %.\nlimits.prices names it.',
  page: 'docs/prices.md',
  example: 'docs/prices.md',
}

/**
 * How many aliases one file may use, nested ones included: without a limit, nine lines could stand for a billion
 * values.
 */
const maxAliases = 100

/**
 * Reads a configuration file or a price file, YAML or JSON. Every command reads the file with this function, so all see what the
 * sidecar sees. In messages, everything that looks like a key is redacted.
 *
 * @throws {Failure} if the file cannot be read, is not UTF-8 or is empty.
 */
export function readYaml(path: string, what: FileKind = configuration): ReadYaml {
  let bytes: Buffer
  try {
    const file = resolve(path)
    // A pipe has no size; what it holds is read to its end.
    if (statSync(file).size > maxBytes) throw new Failure(`${path} is too large for ${what.name}.`)
    bytes = readFileSync(file)
  } catch (error) {
    if (error instanceof Failure) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EISDIR') throw new Failure(`${path} is a directory. Name the file in it, such as ${join(path, what.usualFile)}.`)
    if (code !== 'ENOENT') throw new Failure(`${path} cannot be read (${code ?? 'unknown'}). Let this user read it.`)
    throw new Failure(`There is no ${what.ifMissing.replace('%', path)}`)
  }
  const isPlain = isAscii(bytes)
  if (!isPlain && !isUtf8(bytes))
    throw new Failure(`${path} holds bytes that are no UTF-8; a name in it could be another than is meant. Save it as UTF-8.`)
  try {
    return parse(bytes.toString(isPlain ? 'latin1' : 'utf8'), path, what)
  } catch (error) {
    if (error instanceof Failure) throw error
    if (error instanceof NestsTooDeeply) {
      const nested = problem('', `has more groups and lists within each other than ${what.name} has.`, `Write it as ${what.page} shows.`)
      return { raw: undefined, problems: [nested] }
    }
    const fix = `Write out what is repeated, or use fewer aliases (at most ${maxAliases}, with what they repeat), and nest less deeply.`
    return { raw: undefined, problems: [problem('', 'stands for far more than is written.', fix)] }
  }
}

function parse(text: string, path: string, what: FileKind): ReadYaml {
  const { example } = what
  const json = readJson(text)
  if (json !== undefined) return { raw: json, problems: [] }
  const plain = what === configuration && text.length >= fewestPlainChars ? readPlainYaml(text, maxAliases) : undefined
  if (plain !== undefined) return { raw: plain, problems: [] }
  const lines = new LineCounter()
  // A warning of the library would print the line of the file, which may hold a key. Its own search for repeated keys compares each
  // key with each other one of its group.
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error', uniqueKeys: false })
  const problems = withRepeatedKeys(document, lines).map((error) => {
    const { path, reason, fix } = describeYamlError(error, text)
    return problem(path, reason, fix)
  })
  if (problems.length === 0 && document.contents === null) throw new Failure(`${path} is empty. Start from the example in ${example}.`)
  if (problems.length === 0 && text.includes('*')) problems.push(...findLooseAliases(document, lines))
  const lineOf = (at: readonly PropertyKey[]): number | undefined => {
    const range = problems.length > 0 ? undefined : rangeAt(document, at)
    return range === undefined ? undefined : lines.linePos(range).line
  }
  return { raw: problems.length > 0 ? undefined : document.toJS({ maxAliasCount: maxAliases }), problems, lineOf }
}

/** Where the member of a path begins; of one that is not there, the group that lacks it. */
function rangeAt(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range != null) return node.range[0]
  }
  return undefined
}

/** Finds aliases without an anchor: mostly a text that begins with `*` and lacks quotes. */
function findLooseAliases(document: Document, lines: LineCounter): Problem[] {
  const anchors = new Set<string>()
  const problems: Problem[] = []
  visit(document, {
    Alias(_, { source, range }) {
      if (anchors.has(source)) return
      const line = range == null ? '?' : lines.linePos(range[0]).line
      const reason = `"*${source}" reads as a YAML alias, and no anchor "&${source}" stands before it.`
      problems.push(problem(`line ${line}`, reason, `If it is a text, write it in quotes: "*${source}".`))
    },
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor)
    },
  })
  return problems
}

function problem(path: string, reason: string, fix: string): Problem {
  return { path, reason: redactKeys(reason), fix: redactKeys(fix), severity: 'error' }
}
