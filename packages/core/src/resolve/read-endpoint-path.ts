import { type Arrival, Refusal } from '@postern/ports'
import { hasDotSegment } from '@postern/protocol'
import { rememberNames } from '../lib/remember-names.js'
import { notUnder } from '../answers/not-under.js'
import { decodePath } from './decode-path.js'

const apiPrefix = '/v1/'

/** Segments of `pchar` (RFC 3986, 3.3), joined by single slashes. */
const plainPath = /^[A-Za-z0-9\-._~!$&'()*+,;=:@%]+(?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@%]+)*$/

/** Whether a path can be read in one way, but for its escapes. Remembered: most calls go to a few short paths. */
const isPlain = rememberNames((written) => plainPath.test(written) && !hasDotSegment(written))

/** A path below `/v1/`: `written` as the client sent it, `read` with its escapes decoded, for the rules. */
export interface EndpointPath {
  readonly written: string
  readonly read: string
}

/**
 * Reads the endpoint's path below `/v1/`.
 *
 * A backslash, an empty segment or a dot segment, in any form, is refused and not normalised: gateway and sidecar could
 * normalise it differently and then mean different endpoints.
 *
 * @throws {Refusal} 404 `not_found` outside the API, 400 `request_malformed` for another spelling.
 */
export function readEndpointPath({ path, wholePath }: Pick<Arrival, 'path'> & Partial<Pick<Arrival, 'wholePath'>>): EndpointPath {
  const written = path.startsWith(apiPrefix) ? path.slice(apiPrefix.length) : ''
  if (path === '/session') throw new Refusal('not_found', noSessions)
  if (written === '') throw wholePath === undefined ? new Refusal('not_found') : notUnder(mountIn(wholePath, path), path)
  if (!isPlain(written)) throw malformed()
  if (!written.includes('%')) return { written, read: written }
  const read = decodePath(written)
  if (read === undefined) throw malformed()
  return { written, read }
}

/** With `callers.session` the path belongs to the session endpoint and is not read here. */
const noSessions = {
  message: 'Sessions are not given here.',
  help: 'For the operator: that needs "callers.session" in the configuration, with a secret.',
} as const

function malformed(): Refusal {
  return new Refusal('request_malformed', {
    message:
      'The path has dot segments, empty segments or escapes that cannot be read in one way; write it plainly, and escape only what an id needs.',
  })
}

/** The mount: `wholePath` without `path`. For the mount itself Express sets `path` to `/`. */
function mountIn(wholePath: string, path: string): string {
  return wholePath.endsWith(path) ? wholePath.slice(0, wholePath.length - path.length) : wholePath
}
