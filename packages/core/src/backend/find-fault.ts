import type { IncomingMessage } from 'node:http'
import { faultOfHead } from '../doors/fault-of-head.js'
import { Refusal } from '../refusal.js'

/** What no host has and some server could cut it at (RFC 9110, 7.2; RFC 3986, 3.2). */
const noHost = /[\s,/\\?#@]/

/**
 * What a request has that the backend could read in another way, or `undefined`: a head that cannot be relied on,
 * several hosts, none where there must be one (RFC 9112, 3.2), or a target that is no path (RFC 9112, 3.2.1).
 */
export function findFault(request: IncomingMessage): Refusal | undefined {
  return faultOfHead(request) ?? faultOfTarget(request)
}

function faultOfTarget({ rawHeaders, headers, url, method, httpVersion }: IncomingMessage): Refusal | undefined {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length === 4 && (name === 'Host' || name.toLowerCase() === 'host')) hosts += 1
  }
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0') || noHost.test(headers.host ?? ''))
    return new Refusal('request_malformed', { message: 'A request names one host.', param: 'Host' })
  if ((url as string).startsWith('/') || (url === '*' && method === 'OPTIONS')) return undefined
  return new Refusal('request_malformed', { message: 'The target is neither a path nor a URL of the host that is asked.' })
}
