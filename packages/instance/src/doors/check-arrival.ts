import { countHosts, isHost } from '@postern/core'
import { createCheckHeaderNames } from '@postern/identity'
import { type Arrival, type Log, type PublicAddress, Refusal } from '@postern/ports'
import { type BrowserAccess, refuseOrigin } from './browser-access.js'

/**
 * Checks a request before its caller is identified: its `Host`, its `Origin`, and that no header name is a misspelling of
 * one that Postern reads. Everything that identifies a caller does this first.
 *
 * @throws {Refusal} 400 `request_malformed` if `Host` is missing, repeated or not a host (RFC 9112, 3.2), or if a header
 *   begins with `Postern-` and is not defined; 400 `tag_invalid`, 403 `origin_not_allowed`, 421 `host_not_allowed`.
 */
export type CheckArrival = (arrival: Arrival) => void

export interface CheckArrivalOptions {
  /** The setting `listen.hosts`: the hosts that a request may name. Empty: any host. */
  readonly hosts: readonly string[]
  readonly publicAddress: PublicAddress
  readonly browser: BrowserAccess
  readonly log: Log
}

export function createCheckArrival({ hosts, publicAddress, browser, log }: CheckArrivalOptions): CheckArrival {
  const checkHeaderNames = createCheckHeaderNames(log)
  const answersTo = compileHosts(hosts)
  return (arrival) => {
    const { origin, host } = arrival.headers
    if (host === undefined) throw new Refusal('request_malformed', { message: 'There is no Host header.', param: 'Host' })
    const called = publicAddress.hostOf(arrival)
    if ((called !== host && !isHost(host)) || countHosts(arrival.rawHeaders) > 1) throw refuseHost('Host')
    if (called === undefined) throw refuseHost('X-Forwarded-Host')
    if (!answersTo(called)) throw new Refusal('host_not_allowed', { param: 'Host', refused: called })
    if (origin !== undefined && !browser.allows(origin, called, arrival.headers['sec-fetch-site'])) throw refuseOrigin(origin)
    checkHeaderNames(arrival.rawHeaders)
  }
}

/** A request names exactly one host, and so does the `X-Forwarded-Host` of a trusted proxy (RFC 9110, 7.2; RFC 9112, 3.2). */
function refuseHost(param: 'Host' | 'X-Forwarded-Host'): Refusal {
  return new Refusal('request_malformed', { message: 'A request names one host, as it stands in a URL.', param })
}

/** Whether a host is one of `hosts`. An entry without a port matches the host with any port. */
function compileHosts(hosts: readonly string[]): (host: string) => boolean {
  if (hosts.length === 0) return () => true
  const known = new Set(hosts)
  return (host) => {
    const name = host.toLowerCase()
    return known.has(name) || known.has(name.replace(/:\d+$/, ''))
  }
}
