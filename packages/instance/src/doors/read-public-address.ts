import { isIP } from 'node:net'
import type { IsTrusted } from '@postern/config'
import { isHost, trimBlanks } from '@postern/core'
import type { PeerFacts, PublicAddress } from '@postern/ports'

/** Some proxies write the port too: `203.0.113.7:4711`, `[2001:db8::7]:4711`. */
function addressOf(hop: string): string {
  const written = trimBlanks(hop)
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(written) ?? []
  return bracketed ?? plain ?? written
}

/** The entries of `X-Forwarded-For`, the outermost first. */
function hopsOf(headers: PeerFacts['headers']): string[] {
  const chain = headers['x-forwarded-for']
  return typeof chain === 'string' ? chain.split(',').map(addressOf) : []
}

/**
 * Reads `X-Forwarded-For`, `-Host` and `-Proto`, but only from trusted proxies: any client can write these headers.
 *
 * @param isTrusted `undefined` if no proxy is trusted.
 */
export function createPublicAddress(isTrusted: IsTrusted | undefined): PublicAddress {
  /**
   * The value of a header from a trusted proxy; `undefined` if it is missing or empty. Of a list, the value of the outermost
   * trusted proxy counts, by the number of trusted proxies in `X-Forwarded-For`: a client can write what stands before it, if
   * its proxy adds to what it gets. Without that header the first value counts.
   */
  function said(request: PeerFacts, name: string): string | undefined {
    if (isTrusted === undefined || !isTrusted(request.address)) return undefined
    const value = request.headers[name]
    if (typeof value !== 'string') return undefined
    const values = value.split(',')
    const meant = values.length === 1 ? value : (values.at(-Math.min(values.length, trustedProxies(request))) as string)
    return trimBlanks(meant) || undefined
  }

  /** How many trusted proxies a request came through; `Infinity` if no `X-Forwarded-For` tells. */
  function trustedProxies({ headers }: PeerFacts): number {
    const hops = hopsOf(headers)
    const client = hops.findLastIndex((hop) => !(isTrusted as IsTrusted)(hop))
    return client === -1 ? Number.POSITIVE_INFINITY : hops.length - client
  }

  function hostOf(request: PeerFacts): string | undefined {
    const forwarded = isTrusted === undefined ? undefined : said(request, 'x-forwarded-host')
    const host = forwarded ?? request.headers.host
    return host !== undefined && isHost(host) ? host : undefined
  }

  function clientOf({ headers, address }: PeerFacts): string {
    if (isTrusted === undefined || !isTrusted(address)) return address
    const hops = hopsOf(headers)
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
