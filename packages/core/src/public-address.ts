import { isIP } from 'node:net'
import type { Arrival } from './arrival.js'
import { isHost } from './lib/is-host.js'
import type { IsTrusted } from './trusted-peers.js'
import { trimBlanks } from './lib/trim-blanks.js'

/** The part of a request that says between which addresses it travels. */
export type Travelling = Pick<Arrival, 'headers' | 'address' | 'connection'>

/** Which addresses the two ends go by outside, in front of the proxies that the operator trusts. */
export interface PublicAddress {
  /** What the client calls us: `app.example.com`; `undefined` where it says nothing, or what is no host. */
  hostOf(request: Travelling): string | undefined
  /** Likewise with how it speaks to us: `https://app.example.com`. */
  originOf(request: Travelling): string | undefined
  /** What we would call the client. */
  clientOf(request: Travelling): string
}

/** Some proxies write the port too: `203.0.113.7:4711`, `[2001:db8::7]:4711`. */
function addressOf(hop: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(hop.trim()) ?? []
  return bracketed ?? plain ?? hop.trim()
}

/**
 * Reads the addresses that proxies passed on, from trusted ones only: anybody can write these headers.
 *
 * @param isTrusted `undefined` where no proxy is.
 */
export function createPublicAddress(isTrusted: IsTrusted | undefined): PublicAddress {
  /** The first of a list is what the outermost proxy was asked. */
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
    // From our end: each is the word of the one after it, so the first that is not trusted is the last that is known.
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
