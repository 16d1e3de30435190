import { isIP } from 'node:net'
import type { Arrival } from './arrival.js'
import { isHost } from './lib/is-host.js'
import type { IsTrusted } from './trusted-peers.js'
import { trimBlanks } from './lib/trim-blanks.js'

/** The parts of a request from which its addresses are read. */
export type Travelling = Pick<Arrival, 'headers' | 'address' | 'connection'>

/** The addresses of client and sidecar as they are in front of the trusted proxies (`listen.trustedProxies`). */
export interface PublicAddress {
  /** The host that the client asked for: `app.example.com`; `undefined` if it is missing or not a valid host. */
  hostOf(request: Travelling): string | undefined
  /** The same with the scheme: `https://app.example.com`. */
  originOf(request: Travelling): string | undefined
  /** The client's address. */
  clientOf(request: Travelling): string
}

/** Some proxies write the port too: `203.0.113.7:4711`, `[2001:db8::7]:4711`. */
function addressOf(hop: string): string {
  const written = trimBlanks(hop)
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(written) ?? []
  return bracketed ?? plain ?? written
}

/**
 * Reads `X-Forwarded-For`, `-Host` and `-Proto`, but only from trusted proxies: any client can write these headers.
 *
 * @param isTrusted `undefined` if no proxy is trusted.
 */
export function createPublicAddress(isTrusted: IsTrusted | undefined): PublicAddress {
  /** The value of a header from a trusted proxy. Of a list the first counts: the outermost proxy wrote it. */
  function said({ headers, address }: Travelling, name: string): string | undefined {
    if (isTrusted === undefined || !isTrusted(address)) return undefined
    const value = headers[name]
    return typeof value === 'string' ? trimBlanks(value.split(',', 1)[0] as string) : undefined
  }

  function hostOf(request: Travelling): string | undefined {
    const forwarded = isTrusted === undefined ? undefined : said(request, 'x-forwarded-host')
    const host = forwarded === undefined || forwarded === '' ? request.headers.host : forwarded
    return host !== undefined && isHost(host) ? host : undefined
  }

  function clientOf({ headers, address }: Travelling): string {
    if (isTrusted === undefined || !isTrusted(address)) return address
    const chain = headers['x-forwarded-for']
    const hops = typeof chain === 'string' ? chain.split(',').map(addressOf) : []
    // Read the list from the right. Each entry was written by the proxy after it; the first untrusted entry is the client.
    const client = hops.findLast((hop) => !isTrusted(hop)) ?? hops[0] ?? ''
    return isIP(client) === 0 ? address : client
  }

  return {
    hostOf,
    originOf(request) {
      const scheme = said(request, 'x-forwarded-proto')?.toLowerCase()
      const secure = scheme === undefined ? request.connection.encrypted === true : scheme === 'https'
      const host = hostOf(request)
      return host === undefined ? undefined : `${secure ? 'https' : 'http'}://${host}`
    },
    clientOf,
  }
}
