import helmet from 'helmet'

/** `Strict-Transport-Security`, as `browser.hsts` of the configuration. */
export interface PageHsts {
  /** In milliseconds. */
  readonly maxAge: number
  readonly includeSubDomains: boolean
}

/**
 * helmet with the settings of Postern, for Express applications that serve pages.
 *
 * Sends `Strict-Transport-Security` only if `hsts` is given: it binds the whole host, which Postern often shares with
 * others.
 */
export function securityMiddleware(hsts?: PageHsts): ReturnType<typeof helmet> {
  return helmet({
    // Postern is often reached over plain http on this machine: the scripts of a page there must not be upgraded to
    // https.
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
    strictTransportSecurity:
      hsts === undefined ? false : { maxAge: Math.floor(hsts.maxAge / 1000), includeSubDomains: hsts.includeSubDomains },
  })
}
