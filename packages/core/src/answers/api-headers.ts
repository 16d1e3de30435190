/**
 * The security headers of an API answer, name and value in turn. Only three, since every answer carries them: a browser
 * then keeps to the `Content-Type`, runs nothing in the answer, and lets no other site embed it. Pages get all of helmet's.
 */
export const apiHeaders: readonly string[] = [
  'X-Content-Type-Options',
  'nosniff',
  'Content-Security-Policy',
  "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy',
  'same-origin',
]

/** `Strict-Transport-Security` as configured under `browser.hsts` (RFC 6797, 6.1). */
export interface Hsts {
  /** In milliseconds. */
  readonly maxAge: number
  readonly includeSubDomains: boolean
}

/** Empty unless configured, since HSTS binds the whole host, and perhaps its subdomains, in every browser that called it. */
export function hstsHeader(hsts: Hsts | undefined): readonly string[] {
  if (hsts === undefined) return []
  return ['Strict-Transport-Security', `max-age=${Math.floor(hsts.maxAge / 1000)}${hsts.includeSubDomains ? '; includeSubDomains' : ''}`]
}
