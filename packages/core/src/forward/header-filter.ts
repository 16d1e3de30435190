import { keyHeaders } from '@postern/gateways'
import { headerNames, hopByHop } from '@postern/protocol'
import { cacheHeaders } from '../answers/privacy.js'
import { rememberNames } from '../lib/remember-names.js'

/** Headers of a gateway's answer that the client never gets. */
const answerOnly = [
  // Postern writes these itself, or leaves them to the server.
  'content-length',
  'date',
  headerNames.requestId,
  headerNames.shouldRetry,
  'retry-after',
  'postern-*',
  'dpop-*',
  'access-control-*',
  ...cacheHeaders,
  // Page security and cookies of the gateway must not apply to the customer's origin.
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
  // Browsers act on these: sign-in states, storage, topics, prefetching, client hints.
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
  // Clients would follow these past Postern, with their own credential.
  'location',
  '*-location',
  'azure-asyncoperation',
  '*-upload-url',
  '*-upload-control-url',
  // The same, for libraries in pages and servers that render them: htmx, Turbo, Inertia, Next.js, PJAX, Intercooler, Unpoly, Remix, fixi.
  'hx-*',
  'turbo-*',
  'x-turbo-*',
  'x-inertia*',
  'x-nextjs-*',
  'x-middleware-*',
  'x-pjax-*',
  'x-ic-*',
  'x-up-*',
  'x-remix-*',
  'fx-*',
  'link',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
  'x-ua-compatible',
  'x-robots-tag',
  // Servers in front of Postern act on these: they would send a file or another URL's content instead of the answer.
  'x-accel-*',
  'x-sendfile*',
  'x-lighttpd-send-*',
  'x-reproxy-*',
  // A careless gateway may repeat a credential in these.
  'authorization',
  'cookie',
  ...keyHeaders,
]

/** Whether a header is dropped. */
export type IsDropped = (name: string) => boolean

export function createAnswerFilter(): IsDropped {
  return createFilter([...hopByHop, ...answerOnly])
}

/**
 * Compiles a list of names; `*` at the beginning or the end of a name matches any text.
 *
 * Case does not matter, and `_` counts as `-`: many servers read `X_API_KEY` as `X-API-KEY`.
 */
function createFilter(list: readonly string[]): IsDropped {
  const normal = list.map(normalizeName)
  const names = new Set(normal)
  const endings = normal.filter((name) => name.startsWith('*')).map((name) => name.slice(1))
  const beginnings = normal.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  return rememberNames((spelling) => {
    const name = normalizeName(spelling)
    return names.has(name) || beginnings.some((beginning) => name.startsWith(beginning)) || endings.some((ending) => name.endsWith(ending))
  })
}

/** A header's name in lower case, with `-` for `_`. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
