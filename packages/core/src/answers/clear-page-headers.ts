import type { ServerResponse } from 'node:http'
import { isCacheHeader } from './privacy.js'

/**
 * Removes the headers that an application in front has set for its pages: cache headers, which must not apply to an answer
 * for one caller, and security headers that have no meaning for an API answer.
 */
export function clearPageHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) if (isCacheHeader(name) || ofPages.has(name)) response.removeHeader(name)
}

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
