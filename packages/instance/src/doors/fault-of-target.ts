import type { IncomingMessage } from 'node:http'
import { Refusal } from '@postern/ports'
import { wholeTarget } from './arrive.js'

/**
 * The fault of a request's target; `undefined` if there is none. A target is a path with or without a query, or `*` with
 * `OPTIONS`, and has no fragment (RFC 9112, 3.2). Call `takeOriginForm` before: it makes a path of a URL of this host.
 */
export function faultOfTarget(request: IncomingMessage): Refusal | undefined {
  const target = wholeTarget(request)
  if (!target.startsWith('/') && !(target === '*' && request.method === 'OPTIONS'))
    return new Refusal('request_malformed', { message: 'The target is neither a path nor a URL of the host that is asked.' })
  return faultOfFragment(request)
}

/** Some servers cut the target at `#`, and others take it for a part of the path. */
function faultOfFragment(request: IncomingMessage): Refusal | undefined {
  if (wholeTarget(request).includes('#'))
    return new Refusal('request_malformed', { message: 'The target has a fragment, which is never sent.' })
  return undefined
}

/** The characters of a URL: those of ASCII that can be seen. */
const plain = /^[!-~]*$/

/**
 * The same check for requests that Express will read, and stricter: if a target has other than plain characters, Express
 * parses it with `url.parse`, which prints a deprecation warning or throws.
 */
export function faultOfTargetForExpress(request: IncomingMessage): Refusal | undefined {
  const fault = faultOfTarget(request)
  if (fault !== undefined || plain.test(wholeTarget(request))) return fault
  return new Refusal('request_malformed', { message: 'The target has a character that is escaped in a URL.' })
}
