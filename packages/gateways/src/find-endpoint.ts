import { plainFormat } from './answer-format.js'
import type { Dialect } from './dialect.js'
import type { Endpoint } from './endpoint.js'

const unlisted: Endpoint = { methods: [], format: plainFormat }

/**
 * Finds what a dialect knows about a path below its base URL, given without a leading slash.
 *
 * A path that no document names is forwarded all the same: its `methods` are empty, which means any.
 */
export function findEndpoint(dialect: Dialect, path: string): Endpoint {
  if (Object.hasOwn(dialect.endpoints, path)) return dialect.endpoints[path] as Endpoint
  const parent = path.slice(0, path.lastIndexOf('/') + 1)
  return parent === '' ? unlisted : (dialect.endpoints[`${parent}{id}`] ?? unlisted)
}
