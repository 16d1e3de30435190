import type { Finder, Leak } from './find-leaks.js'
import { unpack } from './unpack.js'
import { readingsOf } from './views.js'

/** A file that the build would publish. */
export interface OutputFile {
  readonly name: string
  readonly content: string | Uint8Array
  /** The files that it was built from, if that is known. */
  readonly sources: readonly string[]
}

/** A leak, and the file it is in. */
export interface Finding extends Leak {
  /** The published file. */
  readonly output: string
  /** The file of the project that contains it, if it was found in a source map. */
  readonly source?: string | undefined
  readonly sources: readonly string[]
}

/** How deep packed files are unpacked that stand in one another. */
const mostLayers = 3

/** Finds everything in a file that must not be published; a packed file is looked at unpacked, and told of if that cannot be done. */
export function inspectOutput(file: OutputFile, finder: Finder, layers = 0): Finding[] {
  const { name, sources } = file
  const unpacked = unpack(name, file.content)
  if (unpacked === undefined) return inspectPlain(file, finder)
  if (unpacked === 'unreadable' || layers === mostLayers) {
    if (finder.isAllowed(name)) return []
    return [{ what: 'a packed file that the guard cannot look into', sought: name, line: 1, output: name, source: name, sources }]
  }
  const inside = { name: name.replace(/\.(?:gz|br)$/i, ''), content: unpacked, sources }
  return inspectOutput(inside, finder, layers + 1).map((finding) => ({ ...finding, output: name }))
}

function inspectPlain({ name, content, sources }: OutputFile, finder: Finder): Finding[] {
  const texts = typeof content === 'string' ? [content] : readingsOf(content)
  // A map says which source a leak is in. What is called a map is searched as a text all the same: it may be none.
  const inMaps = texts.flatMap((text) => [name.endsWith('.map') ? readMap(text) : undefined, inlineMap(text)]).flatMap(sourcesOf)
  const findings = [
    ...inMaps.flatMap((map) =>
      finder.inOutput(map.content, false).map((leak) => ({ ...leak, output: name, source: map.source, sources: [] })),
    ),
    ...texts.flatMap((text) => finder.inOutput(text, /\.[cm]?js$/.test(name))).map((leak) => ({ ...leak, output: name, sources })),
  ]
  // The first finding of a leak has the source.
  return [...new Map(findings.toReversed().map((leak) => [`${leak.what} ${leak.sought}`, leak])).values()].toReversed()
}

/** The sources that a map publishes. A variable that they read is no leak: they do not run. */
function sourcesOf(map: unknown): { content: string; source: string }[] {
  const contents = member(map, 'sourcesContent')
  const names = member(map, 'sources')
  const own = (Array.isArray(contents) ? contents : []).flatMap((content: unknown, index) => {
    const source: unknown = Array.isArray(names) ? names[index] : undefined
    return typeof content === 'string' ? [{ content, source: typeof source === 'string' ? source : 'a source' }] : []
  })
  // An indexed map has maps in its sections; those have no sections themselves.
  const sections = member(map, 'sections')
  const inner = Array.isArray(sections) ? sections.map((section) => ({ ...Object(member(section, 'map')), sections: undefined })) : []
  return [...own, ...inner.flatMap(sourcesOf)]
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function readMap(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function inlineMap(text: string): unknown {
  const data = /[#@] sourceMappingURL=data:application\/json[^,]*;base64,([\w+/=]+)/.exec(text)?.[1]
  return data === undefined ? undefined : readMap(Buffer.from(data, 'base64').toString('utf8'))
}
