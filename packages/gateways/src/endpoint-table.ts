import { foldPath } from './closed-path.js'
import { type Endpoint, type Endpoints, endpointsOf } from './endpoint.js'
import { normalizeWide } from './normalize-wide.js'

/** The endpoints at a path. */
export interface FoundEndpoint {
  /** One for each kind of method. */
  readonly endpoints: readonly Endpoint[]
  /** The segment in the place of `{model}`; `undefined` if the path names no model. */
  readonly model: string | undefined
  /** Whether the caller chooses a segment of the path, such as an id. */
  readonly hasParameter: boolean
}

/** Endpoints by path, compiled. */
export interface EndpointTable {
  /** @param path Below the base URL, without a leading slash. */
  find(path: string): FoundEndpoint | undefined
  /** Whether a path is another spelling of a listed one, for which a lenient gateway could take it. */
  isOtherSpelling(path: string): boolean
  /**
   * Whether a segment of a path contains, after an escaped slash, a name of the table: a gateway could read it as a
   * path, not as an id.
   */
  holdsName(path: string): boolean
}

interface Node {
  readonly literals: Map<string, Node>
  /** The same names, folded as a lenient server reads them. */
  readonly spelled: Map<string, Node>
  parameter: Node | undefined
  endpoints: readonly Endpoint[]
  /** Index of the segment that names the model, in a path that ends here; -1 if there is none. */
  modelAt: number
}

/**
 * Compiles a table. Finding one of a thousand endpoints costs no more than finding one of ten.
 *
 * A segment that is another spelling of a literal one is never taken for an id: if `threads/runs` is listed,
 * `threads/Runs` is not the thread "Runs".
 */
export function createEndpointTable(endpoints: Endpoints): EndpointTable {
  const root = newNode()
  const plain = new Map<string, FoundEndpoint>()
  const names = new Set<string>()
  for (const [path, entry] of Object.entries(endpoints)) {
    const list = endpointsOf(entry)
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

/** The text after each escaped slash of a segment, as far as it could be a name. */
function partsBehind(segment: string): string[] {
  const [, ...parts] = normalizeWide(decodeURIComponent(segment)).split('/')
  return parts.map((part) => (/^\s*([\w-]*)/.exec(part)?.[1] ?? '').toLowerCase())
}

function newNode(): Node {
  return { literals: new Map(), spelled: new Map(), parameter: undefined, endpoints: [], modelAt: -1 }
}

/** The path without the names of its parameters: `files/{}`. */
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

/** The segment of a table's path that stands for a model. */
export const modelSegment = '{model}'

/** Whether a segment of a table's path stands for any one segment: `{id}`. */
export function isParameter(segment: string): boolean {
  return segment.startsWith('{') && segment.endsWith('}')
}
