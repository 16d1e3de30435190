import type { Finder, Leak } from './find-leaks.js'

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

/** Finds everything in a file that must not be published. */
export function inspectOutput({ name, content, sources }: OutputFile, finder: Finder): Finding[] {
  // latin1 reads each byte as one character, and keys are ASCII.
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('latin1')
  const map = name.endsWith('.map') ? readMap(text) : undefined
  if (map === undefined) {
    const inlined = inlineMap(text)
    const code = finder.inOutput(text, /\.[cm]?js$/.test(name))
    return [...code.map((leak) => ({ ...leak, output: name, sources })), ...inspectMap(inlined, name, finder)]
  }
  return inspectMap(map, name, finder)
}

interface SourceMap {
  readonly sources?: readonly (string | null)[]
  readonly sourcesContent?: readonly (string | null)[]
}

/** Finds leaks in the sources that a map publishes. A variable that they read is no leak: they do not run. */
function inspectMap(map: SourceMap | undefined, output: string, finder: Finder): Finding[] {
  return (map?.sourcesContent ?? []).flatMap((content, index) => {
    const source = map?.sources?.[index] ?? 'a source'
    return finder.inOutput(content ?? '', false).map((leak) => ({ ...leak, output, source, sources: [] }))
  })
}

function readMap(text: string): SourceMap | undefined {
  try {
    return JSON.parse(text) as SourceMap
  } catch {
    return undefined
  }
}

function inlineMap(text: string): SourceMap | undefined {
  const data = /[#@] sourceMappingURL=data:application\/json[^,]*;base64,([\w+/=]+)/.exec(text)?.[1]
  return data === undefined ? undefined : readMap(Buffer.from(data, 'base64').toString('utf8'))
}
