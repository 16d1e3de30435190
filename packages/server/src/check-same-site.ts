import { isDevelopmentPage } from '@postern/protocol'
import { DeskRefusal } from './desk-refusal.js'

/** Reads a header of the request; `undefined` where there is none. */
export type ReadHeader = (name: string) => string | undefined

/** In `Authorization` browsers write these on no other site's behalf, as they do cookies and passwords. */
const deliberate = /^(?:bearer|dpop)\s/i

/**
 * Lets pass what a browser vouches for: `Sec-Fetch-Site: same-origin` (Fetch Metadata), a listed `Origin`, or,
 * from browsers that have no Fetch Metadata, an `Origin` of our own host. A call that brings a token and no
 * cookie was meant, whoever sent it.
 *
 * @throws {DeskRefusal} `cross_site_refused`.
 */
export function checkSameSite(header: ReadHeader, listed: readonly string[]): void {
  if (header('cookie') === undefined && deliberate.test(header('authorization') ?? '')) return
  const origin = header('origin')
  const site = header('sec-fetch-site')
  if (origin !== undefined && listed.includes(origin)) return
  if (site === 'same-origin' && (origin === undefined || isOwn(origin, header('host')) || isDevelopmentPage(origin, header('host'), site)))
    return
  if (site === undefined && origin !== undefined && isOwn(origin, header('host'))) return
  throw new DeskRefusal(
    'cross_site_refused',
    origin === undefined && site === undefined
      ? 'Nothing in the request proves that a page of this site sent it; browsers write Origin or Sec-Fetch-Site.'
      : 'The request came from a page of another site. If it is yours, list it under "origins".',
  )
}

function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `https://${host}` || origin === `http://${host}`)
}
