import type { IncomingMessage } from 'node:http'
import { faultOfHead } from '../doors/fault-of-head.js'
import { faultOfTarget } from '../doors/fault-of-target.js'
import { countHosts, isHost } from '@postern/core'
import { Refusal } from '@postern/ports'

/**
 * The fault of a request that Postern and a backend could read differently; `undefined` if there is none.
 *
 * 400 `request_malformed`: another HTTP version than 1.x, ambiguous framing, a `Host` that is missing (HTTP/1.0 may omit
 * it), repeated or not a host (RFC 9112, 3.2), or a target that is neither a path nor `*` with `OPTIONS`, or has a fragment (RFC 9112, 3.2).
 * 431 `headers_too_large`: 960 header lines or more, or as many as the server's `maxHeadersCount`.
 */
export function findFault(request: IncomingMessage): Refusal | undefined {
  return faultOfHead(request) ?? faultOfHost(request) ?? faultOfTarget(request)
}

function faultOfHost({ rawHeaders, headers, httpVersion }: IncomingMessage): Refusal | undefined {
  const hosts = countHosts(rawHeaders)
  if (hosts > 1 || (hosts === 0 ? httpVersion !== '1.0' : !isHost(headers.host ?? '')))
    return new Refusal('request_malformed', { message: 'A request names one host.', param: 'Host' })
  return undefined
}
