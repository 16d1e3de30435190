import { tagPattern } from './request-id.js'

/** What every session token says, whoever mints it and whoever checks it. */
export const sessionToken = {
  /** Under the secret that sidecar and backend share. */
  algorithm: 'HS256',
  /** Under a key pair, whose public half is published (RFC 8037; Ed25519 by its name of RFC 9864). */
  keyPairAlgorithms: ['EdDSA', 'Ed25519'],
  audience: 'postern',
  type: 'postern-session+jwt',
} as const

/** What a session token may be bound to, each a claim of that name; a request beyond a bound is refused. */
export interface SessionBounds {
  /** The page that may use it, as browsers write it: `https://app.example.com`. */
  readonly origin?: string | undefined
  /** Model names that it may ask for; `*` stands for any characters. */
  readonly models?: readonly string[] | undefined
  /** Endpoint paths below `/v1/` that it may call; `*` stands for any characters. */
  readonly endpoints?: readonly string[] | undefined
  /** The most tokens that a request may ask for; the claim is `max_tokens`. */
  readonly maxTokens?: number | undefined
  /** How many calls it is good for; the claim is `max_calls`. */
  readonly maxCalls?: number | undefined
  /** The workflow that its calls belong to, whatever their headers say. */
  readonly workflow?: string | undefined
}

/** Claims of bounds that this version does not enforce; a token with one is refused, and none is minted. */
export const announcedBounds: readonly string[] = ['spend']

/**
 * Every member that a session token may have. One that is not here would look like a restriction and be none, so
 * a token with it is refused; `ext` is for what an application wants to say for itself.
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
  'workflow',
  'ext',
] as const

/**
 * A page's origin as browsers write it (RFC 6454, 6.1): no path, no slash at the end. Of an application's or an extension's
 * page too: `capacitor://localhost`, `tauri://localhost`, `app://-`, `chrome-extension://…`. What has no origin of its own, such
 * as a file, is written as `null`, and never one.
 */
export const originPattern =
  /^(?:https?:\/\/(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?|(?!(?:https?|wss?|ftp|file|data|blob|about|javascript|filesystem|view-source):)[a-z][a-z0-9+.-]{1,30}:\/\/[A-Za-z0-9._-]{1,255})$/

/** The SHA-256 thumbprint of a public key (RFC 7638), base64url. */
export const thumbprintPattern = /^[A-Za-z0-9_-]{43}$/
const mostNames = 100
const longestName = 200

/** Reads bounds from a token's claims, and names the first that is none. */
export function readSessionBounds(
  claims: Readonly<Record<string, unknown>>,
): { readonly bounds: SessionBounds } | { readonly fault: string } {
  const fault = Object.entries(boundChecks).find(([name, isBound]) => claims[name] !== undefined && !isBound(claims[name]))
  if (fault !== undefined) return { fault: fault[0] }
  const { origin, models, endpoints, workflow, max_tokens: maxTokens, max_calls: maxCalls } = claims
  return { bounds: { origin, models, endpoints, workflow, maxTokens, maxCalls } as SessionBounds }
}

/** The claims that say a token's bounds: only those that it has. */
export function sessionBoundClaims({ origin, models, endpoints, workflow, maxTokens, maxCalls }: SessionBounds): Record<string, unknown> {
  const claims = { origin, models, endpoints, workflow, max_tokens: maxTokens, max_calls: maxCalls }
  return Object.fromEntries(Object.entries(claims).filter(([, bound]) => bound !== undefined))
}

/** Each claim that is a bound, and what it may hold. */
const boundChecks: Readonly<Record<string, (claim: unknown) => boolean>> = {
  origin: (claim) => typeof claim === 'string' && originPattern.test(claim),
  models: isNames,
  endpoints: isNames,
  max_tokens: isCount,
  max_calls: isCount,
  workflow: (claim) => typeof claim === 'string' && tagPattern.test(claim),
}

/** An empty list would allow nothing, and is rather a mistake. */
function isNames(value: unknown): boolean {
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== '' && name.length <= longestName
  return Array.isArray(value) && value.length > 0 && value.length <= mostNames && value.every(isName)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}
