import type { Arrival } from '../arrival.js'
import type { BrowserAccess } from '../browser-access.js'
import type { PublicAddress } from '../public-address.js'
import { Refusal } from '../refusal.js'

/** Whether a call that only a cookie vouches for was meant by the user; browsers send cookies whoever asks. */
export type CheckSameSite = (arrival: Arrival) => void

/**
 * Lets pass what a browser vouches for: `Sec-Fetch-Site: same-origin` (Fetch Metadata), an `Origin` that is
 * listed, or, from browsers and pages that have no Fetch Metadata, an `Origin` of our own host.
 *
 * Where neither header is there, nobody vouches, and the call is refused: cross-site requests without them
 * exist, and programs have better credentials than cookies.
 *
 * @throws {Refusal} 403 `cross_site_refused`.
 */
export function createSameSiteCheck(browser: BrowserAccess, publicAddress: PublicAddress): CheckSameSite {
  return (arrival) => {
    const { origin } = arrival.headers
    const site = arrival.headers['sec-fetch-site']
    // A page of the same host over plain http is another origin, and Fetch Metadata knows; the header alone does not.
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
