/**
 * Headers that tell caches what to store, or that caches add about themselves. Postern drops a gateway's, and removes those
 * of an application in front of the mount: an answer to a credential belongs to one caller. `*` at the beginning or the end
 * of a name matches any text.
 */
export const cacheHeaders: readonly string[] = [
  'cache-*',
  // CDN-Cache-Control (RFC 9213), and the names that single CDNs obey before Cache-Control.
  '*-cache-control',
  'surrogate-*',
  'edge-*',
  'x-edge-*',
  'cdn-*',
  'x-cdn-*',
  '*-ttl',
  'expires',
  'pragma',
  'age',
  'warning',
  'vary',
  'no-vary-search',
  'use-as-dictionary',
  'x-accel-expires',
  'x-cache*',
  'x-varnish*',
  'x-litespeed-*',
  'x-proxy-cache*',
]

/** `Cache-Control` of Postern's own answers. */
export const notKept = 'no-store'

/** `Cache-Control` of event streams: no proxy may store, decompress or rewrite them. */
const notKeptNorChanged = 'no-store, no-transform'

/**
 * Returns `Cache-Control` for a gateway's answer: `no-store`, except for a 200 to GET or HEAD with the gateway's own
 * `private` and one `max-age`; that answer the caller's browser may store (RFC 9111, 5.2.2.7).
 */
export function cacheControlFor(method: string, { status, header, joined }: SaidOfAnswer): string {
  if (isEventStream.test(header('content-type') ?? '')) return notKeptNorChanged
  if ((method !== 'GET' && method !== 'HEAD') || status !== 200) return notKept
  const directives = (joined('cache-control') ?? '').split(',').map((directive) => directive.trim().toLowerCase())
  if (!directives.includes('private') || directives.some((directive) => forbids.test(directive))) return notKept
  const ages = directives.flatMap((directive) => maxAge.exec(directive)?.[1] ?? [])
  return ages.length === 1 && seconds.test(ages[0] as string) ? `private, max-age=${ages[0]}` : notKept
}

/** The read parts of a gateway's answer head. */
interface SaidOfAnswer {
  readonly status: number
  /** The last header of a name. */
  readonly header: (name: string) => string | undefined
  /** All headers of a name, as a list. */
  readonly joined: (name: string) => string | undefined
}

const isEventStream = /^\s*[a-z]+\/[a-z0-9.+-]*event-stream/i
const seconds = /^\d{1,9}$/
const forbids = /^(?:no-store|no-cache|public)(?:\s*=|$)/
/** Matches `max-age` with any value: two of them, or one with an invalid value, make the answer `no-store`. */
const maxAge = /^max-age\s*=\s*(.*)$/

/** Whether a header is one of {@link cacheHeaders}, in any spelling. */
export function isCacheHeader(name: string): boolean {
  const plain = name.toLowerCase().replaceAll('_', '-')
  return cacheHeaders.some((pattern) => {
    if (pattern.startsWith('*')) return plain.endsWith(pattern.slice(1))
    return pattern.endsWith('*') ? plain.startsWith(pattern.slice(0, -1)) : plain === pattern
  })
}
