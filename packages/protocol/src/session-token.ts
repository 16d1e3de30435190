import { tagPattern } from './request-id.js'

/** What every session token says, whoever mints it and whoever checks it. */
export const sessionToken = {
  algorithm: 'HS256',
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
  /** The workflow that its calls belong to, whatever their headers say. */
  readonly workflow?: string | undefined
}

/** Claims of bounds that this version does not enforce; a token with one is refused, and none is minted. */
export const announcedBounds: readonly string[] = ['max_calls', 'spend']

/** A page's origin as browsers write it (RFC 6454, 6.1): no path, no slash at the end. */
export const originPattern = /^https?:\/\/[a-z0-9.:[\]-]+$/
const mostNames = 100
const longestName = 200

/** Reads bounds from a token's claims, and names the first that is none. */
export function readSessionBounds(
  claims: Readonly<Record<string, unknown>>,
): { readonly bounds: SessionBounds } | { readonly fault: string } {
  const fault = faultIn(claims)
  if (fault !== undefined) return { fault }
  const { origin, models, endpoints, workflow } = claims as SessionBounds
  return { bounds: { origin, models, endpoints, workflow, maxTokens: claims['max_tokens'] as number | undefined } }
}

function faultIn({ origin, models, endpoints, workflow, max_tokens: maxTokens }: Readonly<Record<string, unknown>>): string | undefined {
  if (origin !== undefined && !(typeof origin === 'string' && originPattern.test(origin))) return 'origin'
  if (models !== undefined && !isNames(models)) return 'models'
  if (endpoints !== undefined && !isNames(endpoints)) return 'endpoints'
  if (maxTokens !== undefined && !(Number.isSafeInteger(maxTokens) && (maxTokens as number) > 0)) return 'max_tokens'
  return workflow === undefined || (typeof workflow === 'string' && tagPattern.test(workflow)) ? undefined : 'workflow'
}

/** An empty list would allow nothing, and is rather a mistake. */
function isNames(value: unknown): boolean {
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== '' && name.length <= longestName
  return Array.isArray(value) && value.length > 0 && value.length <= mostNames && value.every(isName)
}

/** The claims that say a token's bounds: only those that it has. */
export function sessionBoundClaims({ origin, models, endpoints, workflow, maxTokens }: SessionBounds): Record<string, unknown> {
  const claims = { origin, models, endpoints, workflow, max_tokens: maxTokens }
  return Object.fromEntries(Object.entries(claims).filter(([, bound]) => bound !== undefined))
}
