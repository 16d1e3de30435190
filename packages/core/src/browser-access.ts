import { headerNames } from '@postern/protocol'

/** Which pages may call, and what they are answered. Everything is written at compile. */
export interface BrowserAccess {
  /** Whether a page of this origin may call a sidecar that is called `host`. */
  allows(origin: string, host: string | undefined): boolean
  /** Whether the operator listed this origin; our own need not be. */
  isListed(origin: string): boolean
  /** The headers that every answer to this origin carries, name and value in turn. */
  answerHeaders(origin: string | undefined): readonly string[]
  /** The headers of the answer to a preflight; `undefined` where the page may not call. */
  preflightHeaders(origin: string, host: string | undefined): readonly string[] | undefined
}

/** Request headers that a page may send; the names after `openai-` are what the SDKs of OpenAI and Anthropic send by themselves. */
const allowedRequestHeaders = [
  'authorization',
  'content-type',
  'accept',
  headerNames.workflow,
  headerNames.step,
  headerNames.parentStep,
  headerNames.requestId,
  headerNames.traceparent,
  headerNames.tracestate,
  'idempotency-key',
  'dpop',
  'openai-beta',
  'anthropic-version',
  'anthropic-beta',
  'x-stainless-arch',
  'x-stainless-async',
  'x-stainless-custom-poll-interval',
  'x-stainless-helper',
  'x-stainless-helper-method',
  'x-stainless-lang',
  'x-stainless-os',
  'x-stainless-package-version',
  'x-stainless-poll-helper',
  'x-stainless-retry-count',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-timeout',
].join(', ')

/** How long a browser may remember a preflight, in seconds. */
const preflightSeconds = '600'

export interface BrowserRules {
  readonly origins: readonly string[]
  /** Whether a cookie may say who is calling; pages of listed origins may then send it along. */
  readonly cookies: boolean
}

/**
 * Compiles the browser's rules: exact origins, never a wildcard, and the sidecar's own.
 *
 * @param common What every answer carries besides, name and value in turn.
 */
export function createBrowserAccess({ origins, cookies }: BrowserRules, common: readonly string[]): BrowserAccess {
  // Once an origin is listed, answers differ by origin, and caches must know; likewise of cookies.
  const varies = [...(origins.length === 0 ? [] : ['Origin']), ...(cookies ? ['Cookie'] : [])].join(', ')
  const forNobody = varies === '' ? common : [...common, 'Vary', varies]
  const withCookies = cookies ? ['Access-Control-Allow-Credentials', 'true'] : []
  const byOrigin = new Map(origins.map((origin) => [origin, [...forNobody, 'Access-Control-Allow-Origin', origin, ...withCookies]]))
  return {
    isListed: (origin) => byOrigin.has(origin),
    allows: (origin, host) => byOrigin.has(origin) || isOwn(origin, host),
    answerHeaders: (origin) => (origin === undefined ? forNobody : (byOrigin.get(origin) ?? forNobody)),
    preflightHeaders(origin, host) {
      const answer = byOrigin.get(origin) ?? (isOwn(origin, host) ? forNobody : undefined)
      if (answer === undefined) return undefined
      return [
        ...answer,
        'Access-Control-Allow-Methods',
        'GET, POST, PUT, PATCH, DELETE',
        'Access-Control-Allow-Headers',
        allowedRequestHeaders,
        'Access-Control-Max-Age',
        preflightSeconds,
      ]
    },
  }
}

/** A browser writes the origin itself, so an origin with our own host is a page that we served. */
function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `https://${host}` || origin === `http://${host}`)
}
