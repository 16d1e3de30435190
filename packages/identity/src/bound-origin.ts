import { type Arrival, type Principal, type PublicAddress, Refusal } from '@postern/ports'
import { isDevelopmentPage } from '@postern/protocol'

/**
 * Checks that a credential that is bound to an origin comes from a page of that origin.
 *
 * Browsers send `Origin` with every request except same-origin GET and HEAD, and with those
 * `Sec-Fetch-Site: same-origin` (Fetch Metadata). A request with neither does not come from a page.
 *
 * @throws {Refusal} 403 `origin_not_allowed`.
 */
export function checkBoundOrigin({ bounds }: Principal, arrival: Arrival, publicAddress: PublicAddress): void {
  const { headers } = arrival
  const bound = bounds?.origin
  if (bound === undefined || headers.origin === bound) return
  const site = headers['sec-fetch-site']
  const isOwnRead = headers.origin === undefined && site === 'same-origin' && isOf(bound, publicAddress.hostOf(arrival), site)
  if (!isOwnRead) throw headers.origin === undefined ? fromNoPage() : fromOtherPage(bound, headers.origin)
}

function isOf(bound: string, host: string | undefined, site: unknown): boolean {
  if (host === undefined) return false
  return bound === `https://${host}` || bound === `http://${host}` || isDevelopmentPage(bound, host, site)
}

function fromNoPage(): Refusal {
  return new Refusal('origin_not_allowed', {
    message: 'The session is for pages of one origin, and the request has no Origin header.',
    help: 'Call from a page of that origin, or ask for a session that is bound to no origin.',
  })
}

function fromOtherPage(bound: string, origin: string): Refusal {
  return new Refusal('origin_not_allowed', {
    message: `The session is for pages of ${bound}, and the request came from a page of ${origin}.`,
    help: 'Ask for a session from this page.',
    refused: origin,
  })
}
