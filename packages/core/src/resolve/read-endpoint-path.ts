import type { Arrival } from '../arrival.js'
import { notUnder } from '../not-under.js'
import { Refusal } from '../refusal.js'
import { hasDotSegment } from './dot-segment.js'

const apiPrefix = '/v1/'

/** Letters, digits and what else a path segment holds unescaped (RFC 3986, `pchar`), joined by single slashes. */
const plainPath = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]+(?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@]+)*$/

/**
 * Takes the endpoint's path from below `/v1/`.
 *
 * One spelling only: a percent sign, a dot segment, a backslash or an empty segment is refused instead of
 * normalised, because gateway and sidecar could normalise differently and then mean different endpoints.
 *
 * @throws {Refusal} 404 `not_found` outside the API, 400 `request_malformed` for another spelling.
 */
export function readEndpointPath({ path, wholePath }: Pick<Arrival, 'path'> & Partial<Pick<Arrival, 'wholePath'>>): string {
  const endpointPath = path.startsWith(apiPrefix) ? path.slice(apiPrefix.length) : ''
  if (endpointPath === '') throw wholePath === undefined ? new Refusal('not_found') : notUnder(mountIn(wholePath, path))
  if (!plainPath.test(endpointPath) || hasDotSegment(endpointPath)) {
    throw new Refusal('request_malformed', {
      message: 'The path has escaped characters, dot segments or empty segments; write it plainly.',
    })
  }
  return endpointPath
}

/** What stands before the path below the mount; Express writes `/` for the mount itself. */
function mountIn(wholePath: string, path: string): string {
  return wholePath.endsWith(path) ? wholePath.slice(0, wholePath.length - path.length) : wholePath
}
