import { headerNames } from '@postern/protocol'
import { cacheHeaders } from '../answers/privacy.js'
import { hopByHop } from '../hop-by-hop.js'
import { keyHeaders } from '../read/key-headers.js'

/** What a caller's request never carries to the gateway, whichever gateway it is. */
const requestOnly = [
  // Credentials and identity: the caller's own, and everything that a gateway or proxy could take for one.
  'authorization',
  'cookie',
  'dpop',
  ...keyHeaders,
  'x-auth-*',
  // In which proxies and platforms say who somebody is; here nobody does but the credential.
  'remote-user',
  'x-user*',
  'x-remote-*',
  'x-authenticated-*',
  'x-consumer-*',
  'x-credential-*',
  'x-webauth-*',
  'x-token-*',
  'x-amzn-oidc-*',
  'x-goog-authenticated-*',
  'x-goog-iap-*',
  'x-ms-client-principal*',
  'x-ms-token-*',
  // Where the caller is: gateways decide address rules by these.
  'forwarded',
  'via',
  'x-forwarded-*',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-*',
  'fastly-client-ip',
  'x-original-*',
  'x-rewrite-url',
  // What the browser says to us about its page.
  'origin',
  'referer',
  'sec-*',
  'access-control-*',
  // Written anew.
  'host',
  'content-length',
  'accept-encoding',
  'expect',
  headerNames.requestId,
  headerNames.workflow,
  headerNames.step,
  headerNames.parentStep,
  headerNames.traceparent,
  headerNames.tracestate,
  'postern-*',
  // A 304 that says its body's length (RFC 9110, 8.6) is a broken answer to undici; the whole answer is right too.
  'if-none-match',
  'if-modified-since',
  // Overrides that would turn a harmless method into another.
  'x-http-method*',
  'x-method-override',
]

/** What a gateway's answer never carries to the client. */
const answerOnly = [
  // Written anew.
  'content-length',
  'date',
  headerNames.requestId,
  headerNames.shouldRetry,
  'retry-after',
  'postern-*',
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
  'permissions-policy',
  'referrer-policy',
  'report-to',
  'reporting-endpoints',
  'nel',
  'service-worker-allowed',
  'sourcemap',
  'refresh',
  'location',
  'link',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
  'x-accel-*',
  // A credential that a careless gateway repeats.
  'authorization',
  'cookie',
  ...keyHeaders,
]

/** Whether a header goes no further. */
export type IsDropped = (name: string) => boolean

/** For requests: the common names, what the dialect injects, and what the dialect's gateway trusts. */
export function createRequestFilter(injected: readonly string[], stripped: readonly string[]): IsDropped {
  return createFilter([...hopByHop, ...requestOnly, ...injected, ...stripped])
}

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
  const normal = list.map(normalize)
  const names = new Set(normal.filter((name) => !name.endsWith('*') && !name.startsWith('*')))
  const endings = normal.filter((name) => name.startsWith('*')).map((name) => name.slice(1))
  const beginnings = normal.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  const decided = new Map<string, boolean>()
  return (spelling) => {
    const known = decided.get(spelling)
    if (known !== undefined) return known
    const name = normalize(spelling)
    const dropped =
      names.has(name) || beginnings.some((beginning) => name.startsWith(beginning)) || endings.some((ending) => name.endsWith(ending))
    if (spelling.length <= longestRemembered && decided.size < rememberedSpellings) decided.set(spelling, dropped)
    return dropped
  }
}

function normalize(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
