import type { ServerResponse } from 'node:http'
import { isCacheHeader, normalizeName } from '@postern/core'
import { headerNames } from '@postern/protocol'

/**
 * Removes the headers that an application in front has set for its pages: cache headers, which must not apply to an answer
 * for one caller, and security headers that have no meaning for an API answer. Also removes what frames or describes a body,
 * which would be another one, and what only Postern itself says.
 */
export function clearPageHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) if (isCacheHeader(name) || ofPages.has(name) || isOwn(name)) response.removeHeader(name)
}

/** Whether a header, in any spelling, is one that only Postern writes. */
function isOwn(name: string): boolean {
  const plain = normalizeName(name)
  return plain.startsWith('postern-') || own.has(plain)
}

const own = new Set([
  'content-length',
  'transfer-encoding',
  'trailer',
  'content-encoding',
  'content-range',
  headerNames.requestId.toLowerCase(),
  headerNames.shouldRetry.toLowerCase(),
])

/** Headers that helmet sets for pages. `Strict-Transport-Security` is not removed: the application decides on it. */
const ofPages = new Set([
  'cross-origin-opener-policy',
  'origin-agent-cluster',
  'referrer-policy',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-powered-by',
  'x-xss-protection',
])
