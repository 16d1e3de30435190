import { isIP } from 'node:net'
import type { Arrival } from './arrival.js'
import type { IsTrusted } from './trusted-peers.js'

/** The part of a request that says between which addresses it travels. */
export type Travelling = Pick<Arrival, 'headers' | 'address' | 'connection'>

/** Which addresses the two ends go by outside, in front of the proxies that the operator trusts. */
export interface PublicAddress {
  /** What the client calls us: `app.example.com`. */
  hostOf(request: Travelling): string | undefined
  /** Likewise with how it speaks to us: `https://app.example.com`. */
  originOf(request: Travelling): string
  /** What we would call the client. */
  clientOf(request: Travelling): string
}

/** Some proxies write the port too: `203.0.113.7:4711`, `[2001:db8::7]:4711`. */
function addressOf(hop: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(hop.trim()) ?? []
  return bracketed ?? plain ?? hop.trim()
}

const plainHost = /^[A-Za-z0-9._:[\]-]{1,255}$/

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
    return typeof value === 'string' ? value.split(',', 1)[0]?.trim() : undefined
  }

  function hostOf(request: Travelling): string | undefined {
    if (isTrusted === undefined) return request.headers.host
    const host = said(request, 'x-forwarded-host')
    return host !== undefined && plainHost.test(host) ? host : request.headers.host
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
      return `${secure ? 'https' : 'http'}://${hostOf(request) ?? ''}`
    },
    clientOf,
  }
}
