import { apiHeaders, clientHeaders, notKept } from '@postern/core'
import { type PageRecord, Refusal } from '@postern/ports'
import { headerNames, isDevelopmentPage } from '@postern/protocol'

/** Which pages may call, and which headers their answers get. `compile` builds all header lists once. */
export interface BrowserAccess {
  /** Whether a page of this origin may call the sidecar under the name `host`; `site` is the value of `Sec-Fetch-Site`. */
  allows(origin: string, host: string | undefined, site: unknown): boolean
  /** Whether `browser.origins` lists this origin. The sidecar's own origin need not be listed. */
  isListed(origin: string): boolean
  /** The headers that every answer to this origin carries, name and value in turn. */
  answerHeaders(origin: string | undefined): readonly string[]
  /** The headers of the answer to a preflight; `undefined` if the page may not call. */
  preflightHeaders(origin: string, host: string | undefined): readonly string[] | undefined
  /** The headers of the answer to a preflight of a page that may not call. */
  readonly refusedPreflight: readonly string[]
  /** Which governance record pages get. */
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
  /** Whether a cookie may identify the caller; pages of listed origins may then send it. */
  readonly cookies: boolean
  /** Request headers besides `Origin` that change the answer; they are named in `Vary`. */
  readonly varies: readonly string[]
  readonly record: PageRecord
  /** `Strict-Transport-Security` as name and value; empty if it is not configured. */
  readonly hsts: readonly string[]
}

/** Compiles the rules for browsers: the listed origins, never a wildcard, and the sidecar's own origin. */
export function createBrowserAccess({ origins, cookies, varies, record, hsts }: BrowserRules): BrowserAccess {
  const common = [...apiHeaders, ...hsts]
  const forNobody = [...common, 'Vary', ['Origin', ...varies].join(', ')]
  // A preflight carries no credential, so its answer depends on `Origin` alone.
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

/** Builds `origin_not_allowed`. An empty `Origin` and `null` get their own help: neither can be listed under `browser.origins`. */
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

/** A browser writes `Origin` itself, so an origin with the sidecar's own host is a page that this host served. */
function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `https://${host}` || origin === `http://${host}`)
}
