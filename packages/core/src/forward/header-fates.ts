import { headerNames } from '@postern/protocol'
import { cacheHeaders } from '../answers/privacy.js'
import { hopByHop } from '../hop-by-hop.js'
import { keyHeaders } from '../read/key-names.js'

/** What a gateway's answer never carries to the client. */
const answerOnly = [
  // Written anew.
  'content-length',
  'date',
  headerNames.requestId,
  headerNames.shouldRetry,
  'retry-after',
  'postern-*',
  'dpop-*',
  'access-control-*',
  ...cacheHeaders,
  // The gateway's own page security and cookies have no business on the customer's origin.
  'set-cookie',
  'set-cookie2',
  'clear-site-data',
  'www-authenticate',
  'authentication-info',
  'server',
  'via',
  'x-powered-by',
  'strict-transport-security',
  'content-security-policy*',
  'cross-origin-*',
  'origin-agent-cluster',
  'x-content-security-policy*',
  'x-webkit-csp*',
  'permissions-policy*',
  'feature-policy',
  'document-policy*',
  'document-isolation-policy*',
  'require-document-policy',
  'integrity-policy*',
  'expect-ct',
  'public-key-pins*',
  'timing-allow-origin',
  'referrer-policy',
  'report-to',
  'reporting-endpoints',
  'nel',
  'service-worker-allowed',
  'sourcemap',
  'x-sourcemap',
  // What browsers act upon: sign-in states, storage, topics, fetches ahead of time, hints.
  'set-login',
  'sec-*',
  'activate-storage-access',
  'observe-browsing-topics',
  'shared-storage-*',
  'attribution-reporting-*',
  'ad-auction-*',
  'speculation-rules',
  'supports-loading-mode',
  'accept-ch*',
  'critical-ch',
  'refresh',
  // Where clients would go on with their own credential, past Postern.
  'location',
  '*-location',
  'azure-asyncoperation',
  '*-upload-url',
  '*-upload-control-url',
  'link',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
  'x-ua-compatible',
  'x-robots-tag',
  // What servers in front act upon: they would send a file or another address in place of the answer.
  'x-accel-*',
  'x-sendfile*',
  'x-lighttpd-send-*',
  'x-reproxy-*',
  // A credential that a careless gateway repeats.
  'authorization',
  'cookie',
  ...keyHeaders,
]

/** Whether a header goes no further. */
export type IsDropped = (name: string) => boolean

export function createAnswerFilter(): IsDropped {
  return createFilter([...hopByHop, ...answerOnly])
}

/** Spellings that one filter remembers; they come from outside, so there is a bound. */
const rememberedSpellings = 4096
const longestRemembered = 64

/**
 * Compiles a list of names, of which some begin or end with `*`.
 *
 * Case does not matter, and `_` counts as `-`: many servers read `X_API_KEY` as `X-API-KEY`.
 */
function createFilter(list: readonly string[]): IsDropped {
  const normal = list.map(normalizeName)
  const names = new Set(normal.filter((name) => !name.endsWith('*') && !name.startsWith('*')))
  const endings = normal.filter((name) => name.startsWith('*')).map((name) => name.slice(1))
  const beginnings = normal.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  const decided = new Map<string, boolean>()
  return (spelling) => {
    const known = decided.get(spelling)
    if (known !== undefined) return known
    const name = normalizeName(spelling)
    const dropped =
      names.has(name) || beginnings.some((beginning) => name.startsWith(beginning)) || endings.some((ending) => name.endsWith(ending))
    if (spelling.length <= longestRemembered && decided.size < rememberedSpellings) decided.set(spelling, dropped)
    return dropped
  }
}

/** Of a header's name: what it is called by whoever cares neither for case nor for `_` in place of `-`. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
