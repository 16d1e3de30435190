/**
 * What an API answer carries for the browser's sake, name and value in turn. Few, since each costs every answer:
 * it is what its type says, it is no page and no script, and no other site embeds it. The whole set of page security
 * stays with pages.
 */
export const apiHeaders: readonly string[] = [
  'X-Content-Type-Options',
  'nosniff',
  'Content-Security-Policy',
  "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy',
  'same-origin',
]

/** `Strict-Transport-Security` as the operator wishes it (RFC 6797, 6.1). */
export interface Hsts {
  /** In milliseconds. */
  readonly maxAge: number
  readonly includeSubDomains: boolean
}

/** None unless it is configured: it binds the whole host, and all below it, for everybody who ever called. */
export function hstsHeader(hsts: Hsts | undefined): readonly string[] {
  if (hsts === undefined) return []
  return ['Strict-Transport-Security', `max-age=${Math.floor(hsts.maxAge / 1000)}${hsts.includeSubDomains ? '; includeSubDomains' : ''}`]
}
