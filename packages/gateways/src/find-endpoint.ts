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
  const { listed: spellings, tasks } = spellingsOf(dialect)
  const spelled = spelling(path)
  if (spellings.has(spelled) || spellings.has(spelling(withId(path)))) return undefined
  // What lies below a task is the task's, and whose that is was not asked.
  return tasks.some((task) => spelled.startsWith(task)) ? undefined : unlisted
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

interface Spellings {
  readonly listed: ReadonlySet<string>
  /** What stands before the ids of tasks. */
  readonly tasks: readonly string[]
}

const known = new WeakMap<Dialect, Spellings>()

function spellingsOf(dialect: Dialect): Spellings {
  let spellings = known.get(dialect)
  if (spellings === undefined) {
    const entries = Object.entries(dialect.endpoints)
    const tasks = entries.filter(([, { task }]) => task === 'asked').map(([path]) => spelling(path.slice(0, path.lastIndexOf('/') + 1)))
    known.set(dialect, (spellings = { listed: new Set(entries.map(([path]) => spelling(path))), tasks }))
  }
  return spellings
}
