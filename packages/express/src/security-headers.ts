import helmet from 'helmet'

/** `Strict-Transport-Security`, as `browser.hsts` of the configuration. */
export interface PageHsts {
  /** In milliseconds. */
  readonly maxAge: number
  readonly includeSubDomains: boolean
}

/**
 * helmet, set as everywhere in Postern: for Express applications that serve pages.
 *
 * Without `Strict-Transport-Security` unless it is asked for: it binds the whole host, and a page of Postern is often
 * a guest on it.
 */
export function securityMiddleware(hsts?: PageHsts): ReturnType<typeof helmet> {
  return helmet({
    // Postern is often reached over plain http on this machine; a page there must not have its scripts turned to https.
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
    strictTransportSecurity:
      hsts === undefined ? false : { maxAge: Math.floor(hsts.maxAge / 1000), includeSubDomains: hsts.includeSubDomains },
  })
}
