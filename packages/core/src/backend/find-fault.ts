import type { IncomingMessage } from 'node:http'
import { faultOfHead } from '../doors/fault-of-head.js'
import { countHosts } from '../lib/count-hosts.js'
import { isHost } from '../lib/is-host.js'
import { Refusal } from '../refusal.js'

/**
 * What a request has that the backend could read in another way, or `undefined`: a head that cannot be relied on,
 * several hosts, none where there must be one, or what is none (RFC 9112, 3.2), or a target that is no path (RFC 9112, 3.2.1).
 */
export function findFault(request: IncomingMessage): Refusal | undefined {
  return faultOfHead(request) ?? faultOfTarget(request)
}

function faultOfTarget({ rawHeaders, headers, url, method, httpVersion }: IncomingMessage): Refusal | undefined {
  const hosts = countHosts(rawHeaders)
  if (hosts > 1 || (hosts === 0 ? httpVersion !== '1.0' : !isHost(headers.host ?? '')))
    return new Refusal('request_malformed', { message: 'A request names one host.', param: 'Host' })
  if ((url as string).startsWith('/') || (url === '*' && method === 'OPTIONS')) return undefined
  return new Refusal('request_malformed', { message: 'The target is neither a path nor a URL of the host that is asked.' })
}
