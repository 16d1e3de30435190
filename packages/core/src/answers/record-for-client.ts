import type { Arrival, Principal } from '@postern/ports'
import { type GovernanceRecord, publicGovernance, serializeGovernance } from '@postern/protocol'

/** The client that gets an answer. */
export interface Audience {
  readonly arrival: Pick<Arrival, 'headers' | 'pageRecord'>
  /** `undefined` until the caller is identified. */
  readonly principal?: Principal | undefined
}

/**
 * Whether the client gets the short record, without the key's alias, the gateway and the like: if `browser.record` is
 * `public` and the client counts as a page.
 */
export function isToldPublicly(audience: Audience): boolean {
  return audience.arrival.pageRecord === 'public' && isPage(audience)
}

/**
 * A client counts as a page if one of these holds: the request has `Origin`, `Sec-Fetch-Site`, `Sec-Fetch-Dest` or
 * `Sec-Fetch-User`, which browsers write and no script can leave out (`Sec-Fetch-Mode` does not count: Node's `fetch`
 * sends it); the credential is a cookie, or there is none; the session is bound to an origin, since a page can hand its
 * token to a program.
 */
export function isPage({ arrival: { headers }, principal }: Audience): boolean {
  return (
    headers.origin !== undefined ||
    fetchMetadata.some((name) => headers[name] !== undefined) ||
    principal?.via === 'forwardAuth' ||
    principal?.via === 'anonymous' ||
    principal?.bounds?.origin !== undefined
  )
}

const fetchMetadata = ['sec-fetch-site', 'sec-fetch-dest', 'sec-fetch-user'] as const

/** The record for the client, full or public, as one line of JSON. */
export function tellRecord(record: GovernanceRecord, audience: Audience): string {
  return serializeGovernance(isToldPublicly(audience) ? publicGovernance(record) : record)
}

/** Headers of a gateway's answer that describe its body and nothing else, lower-case. */
const describing = new Set([
  'content-type',
  'content-disposition',
  'content-language',
  'content-range',
  'accept-ranges',
  'etag',
  'last-modified',
])

/** Keeps only the headers that describe the body, name and value in turn: any other header could name the gateway. */
export function withoutGatewaysNames(headers: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (describing.has(name.toLowerCase())) kept.push(name, headers[index + 1] as string)
  }
  return kept
}
