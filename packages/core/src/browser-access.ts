import { headerNames, isDevelopmentPage } from '@postern/protocol'
import { clientHeaders } from './lib/client-headers.js'
import { apiHeaders } from './answers/api-headers.js'
import { notKept } from './answers/privacy.js'
import type { PageRecord } from './answers/record-for-client.js'
import { Refusal } from './refusal.js'

/** Which pages may call, and what they are answered. Everything is written at compile. */
export interface BrowserAccess {
  /** Whether a page of this origin may call a sidecar that is called `host`; `site` is what its browser says in `Sec-Fetch-Site`. */
  allows(origin: string, host: string | undefined, site: unknown): boolean
  /** Whether the operator listed this origin; our own need not be. */
  isListed(origin: string): boolean
  /** The headers that every answer to this origin carries, name and value in turn. */
  answerHeaders(origin: string | undefined): readonly string[]
  /** The headers of the answer to a preflight; `undefined` where the page may not call. */
  preflightHeaders(origin: string, host: string | undefined): readonly string[] | undefined
  /** The headers of the answer to a preflight of a page that may not call. */
  readonly refusedPreflight: readonly string[]
  /** What pages see of the governance record. */
  readonly record: PageRecord
}

/** Request headers that a page may send: its credential, its tags, and what its SDK sends by itself. */
const allowedRequestHeaders = [
  'authorization',
  'dpop',
  headerNames.workflow,
  headerNames.step,
  headerNames.parentStep,
  headerNames.requestId,
  headerNames.traceparent,
  headerNames.tracestate,
  ...clientHeaders,
].join(', ')

/** How long a browser may remember a preflight, in seconds. */
const preflightSeconds = '600'

export interface BrowserRules {
  readonly origins: readonly string[]
  /** Whether a cookie may say who is calling; pages of listed origins may then send it along. */
  readonly cookies: boolean
  /** Request headers besides `Origin` that decide what is answered; caches must know them. */
  readonly varies: readonly string[]
  readonly record: PageRecord
  /** `Strict-Transport-Security`, where it is configured. */
  readonly hsts: readonly string[]
}

/** Compiles the browser's rules: exact origins, never a wildcard, and the sidecar's own. */
export function createBrowserAccess({ origins, cookies, varies, record, hsts }: BrowserRules): BrowserAccess {
  const common = [...apiHeaders, ...hsts]
  const forNobody = [...common, 'Vary', ['Origin', ...varies].join(', ')]
  // Nobody is identified by a preflight, so nothing but the page's origin decides it.
  const forPreflights = [...common, 'Cache-Control', notKept, 'Vary', 'Origin']
  const withCookies = cookies ? ['Access-Control-Allow-Credentials', 'true'] : []
  const corsHeaders = (origin: string): string[] => ['Access-Control-Allow-Origin', origin, ...withCookies]
  const byOrigin = new Map(origins.map((origin) => [origin, [...forNobody, ...corsHeaders(origin)]]))
  return {
    isListed: (origin) => byOrigin.has(origin),
    allows: (origin, host, site) => byOrigin.has(origin) || isOwn(origin, host) || isDevelopmentPage(origin, host, site),
    answerHeaders: (origin) => (origin === undefined ? forNobody : (byOrigin.get(origin) ?? forNobody)),
    preflightHeaders(origin, host) {
      const isListed = byOrigin.has(origin)
      if (!isListed && !isOwn(origin, host)) return undefined
      return [
        ...forPreflights,
        ...(isListed ? corsHeaders(origin) : []),
        'Access-Control-Allow-Methods',
        'GET, POST, PUT, PATCH, DELETE',
        'Access-Control-Allow-Headers',
        allowedRequestHeaders,
        'Access-Control-Max-Age',
        preflightSeconds,
      ]
    },
    refusedPreflight: forPreflights,
    record,
  }
}

/** Why a page may not call. What is written under `browser.origins` is an origin, which neither no text nor `null` is. */
export function refuseOrigin(origin: string): Refusal {
  const details = origin === '' ? noOrigin : origin === 'null' ? opaqueOrigin : {}
  return new Refusal('origin_not_allowed', { ...details, refused: origin })
}

const noOrigin = {
  message: 'The Origin header is empty.',
  help: 'A browser writes the origin of its page there. Whoever is no page leaves the header out.',
} as const

const opaqueOrigin = {
  message: 'The page has no origin that could be listed: its browser writes "Origin: null".',
  help: 'Serve the page over http or https and outside of a sandbox: files, sandboxed frames and redirected requests have no origin.',
} as const

/** A browser writes the origin itself, so an origin with our own host is a page that we served. */
function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `https://${host}` || origin === `http://${host}`)
}
