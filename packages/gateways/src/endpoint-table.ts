import { foldPath } from './closed-path.js'
import type { Endpoint, Endpoints } from './endpoint.js'

/** What a path leads to. */
export interface FoundEndpoint {
  /** One for each kind of method. */
  readonly endpoints: readonly Endpoint[]
  /** What stands where the table has `{model}`. */
  readonly model: string | undefined
  /** A segment of it is the caller's to choose, such as an id. */
  readonly hasParameter: boolean
}

/** Endpoints by path, compiled. */
export interface EndpointTable {
  /** @param path Below the base URL, without a leading slash. */
  find(path: string): FoundEndpoint | undefined
  /** Whether a path only spells one differently that is listed: a gateway that is not strict could take it for that one. */
  isOtherSpelling(path: string): boolean
  /** Whether an escaped segment of a path holds, behind a slash, how a name of the table begins: then it could be meant for a path and not for an id. */
  holdsName(path: string): boolean
}

interface Node {
  readonly literals: Map<string, Node>
  /** The same names, as a server reads them that is not strict. */
  readonly spelled: Map<string, Node>
  parameter: Node | undefined
  endpoints: readonly Endpoint[]
  /** Which segment of a path that ends here names the model. */
  modelAt: number
}

/**
 * Compiles a table, so that finding one of a thousand endpoints costs no more than finding one of ten.
 *
 * A segment that only spells a literal one differently is never taken for an id beside it: where `threads/runs` is
 * listed, `threads/Runs` is not the thread "Runs".
 */
export function createEndpointTable(endpoints: Endpoints): EndpointTable {
  const root = newNode()
  const plain = new Map<string, FoundEndpoint>()
  const names = new Set<string>()
  for (const [path, entry] of Object.entries(endpoints)) {
    const list = 'methods' in entry ? [entry] : entry
    const node = place(root, path)
    for (const segment of path.split('/')) if (!isParameter(segment)) names.add(foldPath(segment))
    node.endpoints = list
    node.modelAt = path.split('/').indexOf(modelSegment)
    if (!path.includes('{')) plain.set(path, { endpoints: list, model: undefined, hasParameter: false })
  }
  return {
    find: (path) => plain.get(path) ?? walk(root, path.split('/')),
    isOtherSpelling: (path) => walkLoosely(root, foldPath(path).split('/')),
    holdsName: (path) => path.split('/').some((segment) => partsBehind(segment).some((part) => names.has(part))),
  }
}

/** What stands behind each escaped slash of a segment, as far as it could be a name. */
function partsBehind(segment: string): string[] {
  const [, ...parts] = decodeURIComponent(segment).normalize('NFKC').split('/')
  return parts.map((part) => (/^\s*([\w-]*)/.exec(part)?.[1] ?? '').toLowerCase())
}

function newNode(): Node {
  return { literals: new Map(), spelled: new Map(), parameter: undefined, endpoints: [], modelAt: -1 }
}

/** The path as a table knows it, whatever its parameters are called: `files/{}`. */
export function shapeOf(path: string): string {
  return path.replaceAll(/\{[^/]*\}/g, '{}')
}

function place(root: Node, path: string): Node {
  let node = root
  for (const segment of path.split('/')) {
    if (isParameter(segment)) {
      node = node.parameter ??= newNode()
    } else {
      const next = node.literals.get(segment) ?? newNode()
      node.literals.set(segment, next)
      node.spelled.set(foldPath(segment), next)
      node = next
    }
  }
  return node
}

function walk(root: Node, segments: readonly string[]): FoundEndpoint | undefined {
  let node = root
  for (const segment of segments) {
    const literal = node.literals.get(segment)
    if (literal !== undefined) {
      node = literal
      continue
    }
    if (node.parameter === undefined || segment.includes(';') || node.spelled.has(foldPath(segment))) return undefined
    node = node.parameter
  }
  return node.endpoints.length === 0 ? undefined : { endpoints: node.endpoints, model: segments[node.modelAt], hasParameter: true }
}

function walkLoosely(root: Node, segments: readonly string[]): boolean {
  let node: Node | undefined = root
  for (const segment of segments) node = node?.spelled.get(segment) ?? node?.parameter
  return node !== undefined && node.endpoints.length > 0
}

/** The segment in which a path names its model. */
export const modelSegment = '{model}'

export function isParameter(segment: string): boolean {
  return segment.startsWith('{') && segment.endsWith('}')
}
