/**
 * The security headers of an API answer, name and value in turn. Three only, since every answer pays for each: browsers
 * keep to its `Content-Type`, run nothing in it, and let no other site embed it. Pages get all of helmet's headers.
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
