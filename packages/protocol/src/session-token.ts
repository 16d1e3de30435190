import { tagPattern } from './request-id.js'

/** The constants of every session token. */
export const sessionToken = {
  /** With the secret that sidecar and backend share. */
  algorithm: 'HS256',
  /** With a key pair whose public key is published (RFC 8037; `Ed25519` is its name in RFC 9864). */
  keyPairAlgorithms: ['EdDSA', 'Ed25519'],
  audience: 'postern',
  type: 'postern-session+jwt',
  /** The claim `iss` of a token whose `workflow` the page has chosen: no binding goes by that workflow. */
  chosenByPage: 'postern-page',
} as const

/** What a session token may be bound to; each bound is a claim. A request beyond a bound is refused. */
export interface SessionBounds {
  /** The page that may use it, as browsers write it: `https://app.example.com`. */
  readonly origin?: string | undefined
  /** Model names that it may ask for; `*` stands for any characters. */
  readonly models?: readonly string[] | undefined
  /** Endpoint paths below `/v1/` that it may call; `*` stands for any characters. */
  readonly endpoints?: readonly string[] | undefined
  /** The most tokens that one request may ask for. The claim is `max_tokens`. */
  readonly maxTokens?: number | undefined
  /** How many calls the session may make. The claim is `max_calls`. */
  readonly maxCalls?: number | undefined
  /** How much money its calls may cost together: an amount with its unit, such as `2 USD`. The claim is `max_spend`. */
  readonly maxSpend?: string | undefined
  /** The workflow that its calls belong to, whatever their headers say. */
  readonly workflow?: string | undefined
}

/** Claims of bounds that this version does not enforce: a token with one is refused, and none is minted. */
export const notEnforcedYet: readonly string[] = ['spend']

/**
 * Every claim that a session token may have. A token with any other claim is refused: the claim would look like a
 * restriction that nothing enforces. An application's own data belongs in `ext`.
 */
export const sessionClaimNames = [
  'aud',
  'iss',
  'sub',
  'team',
  'project',
  'jti',
  'iat',
  'nbf',
  'exp',
  'cnf',
  'origin',
  'models',
  'endpoints',
  'max_tokens',
  'max_calls',
  'max_spend',
  'workflow',
  'ext',
] as const

/**
 * A page's origin as browsers write it (RFC 6454, 6.1): no path, no slash at the end. Also the origin of a page of an
 * application or an extension: `capacitor://localhost`, `tauri://localhost`, `app://-`, `chrome-extension://…`. A
 * page without an origin, such as a file, is written as `null`, which does not match.
 */
export const originPattern =
  /^(?:https?:\/\/(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?|(?!(?:https?|wss?|ftp|file|data|blob|about|javascript|filesystem|view-source):)[a-z][a-z0-9+.-]{1,30}:\/\/[A-Za-z0-9._-]{1,255})$/

/** The SHA-256 thumbprint of a public key (RFC 7638), base64url. */
export const thumbprintPattern = /^[A-Za-z0-9_-]{43}$/
/** An amount above 0 of at most nine decimals, with its unit: `credits`, or an ISO 4217 currency. */
export const spendPattern = /^(?!0+(?:\.0+)?[ A-Za-z])\d{1,6}(?:\.\d{1,9})? ?(?:credits|TL|[A-Z]{3})$/

/** Most names in a list of `models` or `endpoints`, and the longest of them in characters. */
const maxNames = 100
const maxNameChars = 200

/** Reads the bounds from a token's claims, or returns the name of the first claim that is not valid. */
export function readSessionBounds(
  claims: Readonly<Record<string, unknown>>,
): { readonly bounds: SessionBounds } | { readonly fault: string } {
  const fault = Object.entries(boundChecks).find(([name, isBound]) => claims[name] !== undefined && !isBound(claims[name]))
  if (fault !== undefined) return { fault: fault[0] }
  const { origin, models, endpoints, workflow, max_tokens: maxTokens, max_calls: maxCalls, max_spend: maxSpend } = claims
  return { bounds: { origin, models, endpoints, workflow, maxTokens, maxCalls, maxSpend } as SessionBounds }
}

/** The claims of those bounds that are given. */
export function sessionBoundClaims(bounds: SessionBounds): Record<string, unknown> {
  const { origin, models, endpoints, workflow, maxTokens, maxCalls, maxSpend } = bounds
  const claims = { origin, models, endpoints, workflow, max_tokens: maxTokens, max_calls: maxCalls, max_spend: maxSpend }
  return Object.fromEntries(Object.entries(claims).filter(([, bound]) => bound !== undefined))
}

/** Each claim that is a bound, and the check of its value. */
const boundChecks: Readonly<Record<string, (claim: unknown) => boolean>> = {
  origin: (claim) => typeof claim === 'string' && originPattern.test(claim),
  models: isNames,
  endpoints: isNames,
  max_tokens: isCount,
  max_calls: isCount,
  max_spend: (claim) => typeof claim === 'string' && spendPattern.test(claim),
  workflow: (claim) => typeof claim === 'string' && tagPattern.test(claim),
}

/** An empty list would allow nothing: it is taken for a mistake. */
function isNames(value: unknown): boolean {
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== '' && name.length <= maxNameChars
  return Array.isArray(value) && value.length > 0 && value.length <= maxNames && value.every(isName)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}
