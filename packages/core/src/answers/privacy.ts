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

/** For whatever Postern says by itself. */
export const notKept = 'no-store'

/** For streams: nothing in between may keep, unpack or rewrite them. */
const notKeptNorChanged = 'no-store, no-transform'

/**
 * Writes `Cache-Control` for a gateway's answer: `no-store`, but for a read of which the gateway itself says
 * `private` and for how long; that much the caller's own browser may keep (RFC 9111, 5.2.2.7).
 */
export function cacheControlFor(method: string, { status, header, joined }: SaidOfAnswer): string {
  if (isEventStream.test(header('content-type') ?? '')) return notKeptNorChanged
  if ((method !== 'GET' && method !== 'HEAD') || status !== 200) return notKept
  const directives = (joined('cache-control') ?? '').split(',').map((directive) => directive.trim().toLowerCase())
  if (!directives.includes('private') || directives.some((directive) => forbids.test(directive))) return notKept
  const ages = directives.flatMap((directive) => maxAge.exec(directive)?.[1] ?? [])
  return ages.length === 1 && seconds.test(ages[0] as string) ? `private, max-age=${ages[0]}` : notKept
}

/** What is read of a gateway's head. */
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
/** `max-age` in any form counts, so that of several none does; one in no proper form counts as well, and is none. */
const maxAge = /^max-age\s*=\s*(.*)$/

/** Whether a header is one of {@link cacheHeaders}, in any spelling. */
export function isCacheHeader(name: string): boolean {
  const plain = name.toLowerCase().replaceAll('_', '-')
  return cacheHeaders.some((pattern) => {
    if (pattern.startsWith('*')) return plain.endsWith(pattern.slice(1))
    return pattern.endsWith('*') ? plain.startsWith(pattern.slice(0, -1)) : plain === pattern
  })
}
