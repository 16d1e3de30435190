import { type Arrival, type PublicAddress, Refusal } from '@postern/ports'

/** Which pages may call: the part of `browser` that a cookie's call depends on. */
export interface AllowedPages {
  /** Whether a page of this origin may call the sidecar under the name `host`; `site` is the value of `Sec-Fetch-Site`. */
  allows(origin: string, host: string | undefined, site: unknown): boolean
  /** Whether `browser.origins` lists this origin. */
  isListed(origin: string): boolean
}

/** Checks that a call with only a cookie comes from an allowed page: browsers send cookies with calls of any page. */
export type CheckSameSite = (arrival: Arrival) => void

/**
 * Accepts a call with `Sec-Fetch-Site: same-origin` (Fetch Metadata), with an `Origin` that is listed, or, if there is no
 * `Sec-Fetch-Site`, with an `Origin` of our own host.
 *
 * A call with neither header is refused: some cross-site requests have neither, and programs have better credentials
 * than cookies.
 *
 * @throws {Refusal} 403 `cross_site_refused`.
 */
export function createSameSiteCheck(browser: AllowedPages, publicAddress: PublicAddress): CheckSameSite {
  return (arrival) => {
    const { origin } = arrival.headers
    const site = arrival.headers['sec-fetch-site']
    // A page of our host over plain http is another origin. `Sec-Fetch-Site` tells the difference; `browser.allows` does
    // not, since it accepts our host with either scheme.
    if (origin !== undefined && browser.isListed(origin)) return
    if (site === 'same-origin' && (origin === undefined || browser.allows(origin, publicAddress.hostOf(arrival), site))) return
    if (site === undefined && origin !== undefined && browser.allows(origin, publicAddress.hostOf(arrival), site)) return
    throw new Refusal('cross_site_refused', {
      message:
        origin === undefined && site === undefined
          ? 'Nothing in the request proves that a page of this site sent it; browsers write Origin or Sec-Fetch-Site.'
          : 'The request came from another site.',
      ...(origin === undefined ? {} : { refused: origin }),
    })
  }
}
