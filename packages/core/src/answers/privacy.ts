/**
 * Headers by which an answer tells caches what they may keep, and caches tell of themselves. A gateway's never pass
 * and an application's in front of the mount do not stay: an answer to a credential belongs to one caller.
 * `*` stands for any beginning or any ending of a name.
 */
export const cacheHeaders: readonly string[] = [
  'cache-*',
  // CDN-Cache-Control (RFC 9213), and the names that single CDNs obey before Cache-Control.
  '*-cache-control',
  'surrogate-*',
  'edge-*',
  'expires',
  'pragma',
  'age',
  'warning',
  'vary',
  'no-vary-search',
  'use-as-dictionary',
  'x-cache*',
  'x-varnish*',
  'x-litespeed-*',
  'x-proxy-cache*',
]

/** For whatever Postern says by itself. */
export const notKept = 'no-store'

/** For streams: nothing in between may keep, unpack or rewrite them. */
const notKeptNorChanged = 'no-store, no-transform'

/**
 * Writes `Cache-Control` for a gateway's answer: `no-store`, but for a read of which the gateway itself says
 * `private` and for how long; that much the caller's own browser may keep (RFC 9111, 5.2.2.7).
 *
 * @param said The gateway's own `Cache-Control`.
 */
export function cacheControlFor(method: string, status: number, contentType: string | undefined, said: string | undefined): string {
  if (contentType !== undefined && isEventStream.test(contentType)) return notKeptNorChanged
  if (said === undefined || method !== 'GET' || status !== 200) return notKept
  const directives = said.split(',').map((directive) => directive.trim().toLowerCase())
  if (!directives.includes('private') || directives.some((directive) => forbids.test(directive))) return notKept
  const ages = directives.flatMap((directive) => maxAge.exec(directive)?.[1] ?? [])
  return ages.length === 1 ? `private, max-age=${ages[0]}` : notKept
}

const isEventStream = /^\s*[a-z]+\/[a-z0-9.+-]*event-stream/i
const forbids = /^(?:no-store|no-cache|public)(?:\s*=|$)/
const maxAge = /^max-age=(\d{1,9})$/

/** Whether a header is one of {@link cacheHeaders}, in any spelling. */
export function isCacheHeader(name: string): boolean {
  const plain = name.toLowerCase().replaceAll('_', '-')
  return cacheHeaders.some((pattern) => {
    if (pattern.startsWith('*')) return plain.endsWith(pattern.slice(1))
    return pattern.endsWith('*') ? plain.startsWith(pattern.slice(0, -1)) : plain === pattern
  })
}
