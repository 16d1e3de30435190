import { plainFormat } from './answer-format.js'
import type { Dialect } from './dialect.js'
import type { Endpoint } from './endpoint.js'

const unlisted: Endpoint = { methods: [], format: plainFormat }

/**
 * Finds what a dialect knows about a path below its base URL, given without a leading slash.
 *
 * A path that no document names is forwarded all the same: its `methods` are empty, which means any. But one
 * that only spells a listed path differently is `undefined`: the gateway could take it for that one, and what
 * holds there would not have been asked.
 */
export function findEndpoint(dialect: Dialect, path: string): Endpoint | undefined {
  const listed = lookUp(dialect, path)
  if (listed !== undefined) return listed
  return spellingsOf(dialect).has(spelling(path)) || spellingsOf(dialect).has(spelling(withId(path))) ? undefined : unlisted
}

function lookUp({ endpoints }: Dialect, path: string): Endpoint | undefined {
  if (Object.hasOwn(endpoints, path)) return endpoints[path]
  const pattern = withId(path)
  return Object.hasOwn(endpoints, pattern) ? endpoints[pattern] : undefined
}

/** The path as a dialect lists it where the last segment is the id of something. */
function withId(path: string): string {
  return `${path.slice(0, path.lastIndexOf('/') + 1)}{id}`
}

/** What servers that are not strict take for the same: no case, no parameters of segments (RFC 3986, 3.3). */
function spelling(path: string): string {
  return path.toLowerCase().replaceAll(/;[^/]*/g, '')
}

const known = new WeakMap<Dialect, ReadonlySet<string>>()

function spellingsOf(dialect: Dialect): ReadonlySet<string> {
  let spellings = known.get(dialect)
  if (spellings === undefined) known.set(dialect, (spellings = new Set(Object.keys(dialect.endpoints).map(spelling))))
  return spellings
}
