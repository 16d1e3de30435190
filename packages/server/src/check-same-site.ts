import { isDevelopmentPage } from '@postern/protocol'
import { SessionRefusal } from './session-refusal.js'

/** Reads a header of the request; `undefined` if it is absent. */
export type ReadHeader = (name: string) => string | undefined

/**
 * Schemes of `Authorization` that a browser never adds by itself, as it adds cookies and passwords (`Basic`) to the
 * requests that another site causes.
 */
const deliberate = /^(?:bearer|dpop)\s/i

/**
 * Lets a request pass if its `Origin` is listed; if `Sec-Fetch-Site` is `same-origin` (Fetch Metadata) and `Origin`,
 * if there is one, is our own or that of a development server; or, from a browser without Fetch Metadata, if `Origin`
 * is our own. A call with a token and without a cookie passes as well: a browser sends a token only if a program puts
 * it there.
 *
 * @throws {SessionRefusal} `cross_site_refused`.
 */
export function checkSameSite(header: ReadHeader, listed: readonly string[]): void {
  if (header('cookie') === undefined && deliberate.test(header('authorization') ?? '')) return
  const origin = header('origin')
  const site = header('sec-fetch-site')
  if (origin !== undefined && listed.includes(origin)) return
  if (site === 'same-origin' && (origin === undefined || isOwn(origin, header('host')) || isDevelopmentPage(origin, header('host'), site)))
    return
  if (site === undefined && origin !== undefined && isOwn(origin, header('host'))) return
  throw new SessionRefusal(
    'cross_site_refused',
    origin === undefined && site === undefined
      ? 'Nothing in the request proves that a page of this site sent it; browsers write Origin or Sec-Fetch-Site.'
      : 'The request came from a page of another site. If it is yours, list it under "origins".',
  )
}

function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `https://${host}` || origin === `http://${host}`)
}
