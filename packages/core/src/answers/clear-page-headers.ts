import type { ServerResponse } from 'node:http'
import { isCacheHeader } from './privacy.js'

/**
 * Takes off what an application in front has set for its pages: what it says to caches does not hold for answers to a
 * credential, and an API answer has no use for the rest.
 */
export function clearPageHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) if (isCacheHeader(name) || ofPages.has(name)) response.removeHeader(name)
}

/** Of helmet's set; `Strict-Transport-Security` stays, since it is the application's own to say. */
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
