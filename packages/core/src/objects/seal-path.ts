import { type FoundEndpoint, namesCallerObject } from '@postern/gateways'
import type { ObjectHandle } from './object-handle.js'

/**
 * Seals the id in a path of the gateway that an answer tells its client to request next. A path that names no object of a caller stays
 * as it is. Returns `undefined` if the id cannot be sealed: the request has no handle, or the id has escapes.
 *
 * @param found The endpoint of the path.
 */
export function sealPath(path: string, { endpoints }: FoundEndpoint, handle: ObjectHandle | undefined): string | undefined {
  if (!endpoints.some(namesCallerObject)) return path
  const slash = path.lastIndexOf('/') + 1
  const id = path.slice(slash)
  return handle === undefined || id.includes('%') ? undefined : path.slice(0, slash) + handle.seal(id)
}
