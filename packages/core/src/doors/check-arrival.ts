import type { Arrival } from '../arrival.js'
import { type BrowserAccess, refuseOrigin } from '../browser-access.js'
import { createCheckHeaderNames } from '../identify/header-names.js'
import { countHosts } from '../lib/count-hosts.js'
import { isHost } from '../lib/is-host.js'
import type { Log } from '../log.js'
import type { PublicAddress } from '../public-address.js'
import { Refusal } from '../refusal.js'

/**
 * The questions that come before anybody is identified: by which name we are called, from which page, and whether every
 * header that looks as if it said something is one that is read. Every road that identifies somebody asks them first.
 *
 * @throws {Refusal} 400 `request_malformed` without a host, with several or with what is none (RFC 9112, 3.2), and for a
 *   header of ours that does not exist; 400 `tag_invalid`, 403 `origin_not_allowed`, 421 `host_not_allowed`.
 */
export type CheckArrival = (arrival: Arrival) => void

export interface CheckArrivalOptions {
  /** The names that we are called by; any, where none are given. */
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

/** A request names one host, which is one wherever it is read (RFC 9110, 7.2; RFC 9112, 3.2); so does a proxy for it. */
function refuseHost(param: 'Host' | 'X-Forwarded-Host'): Refusal {
  return new Refusal('request_malformed', { message: 'A request names one host, as it stands in a URL.', param })
}

/** Whether we are called by a name that the operator wrote; one without a port is good with any. */
function compileHosts(hosts: readonly string[]): (host: string) => boolean {
  if (hosts.length === 0) return () => true
  const known = new Set(hosts)
  return (host) => {
    const name = host.toLowerCase()
    return known.has(name) || known.has(name.replace(/:\d+$/, ''))
  }
}
