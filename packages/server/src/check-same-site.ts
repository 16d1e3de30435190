import { isDevelopmentPage } from '@postern/protocol'
import { SessionRefusal } from './session-refusal.js'

/** Reads a header of the request; `undefined` if it is absent. */
export type ReadHeader = (name: string) => string | undefined

/**
 * `Authorization` schemes that a browser never adds by itself. If a page of another site causes a request, the browser may add
 * cookies and a `Basic` password, but no `Bearer` or `DPoP` token.
 */
const deliberate = /^(?:bearer|dpop)\s/i

/**
 * Refuses a request that a page of another site may have caused. A request passes if one of these is true:
 *
 * - `Authorization` is `Bearer` or `DPoP`, and there is no `Cookie`: a browser sends such a token only if a program sets it.
 * - `Origin` is in `listed`.
 * - `Sec-Fetch-Site` (Fetch Metadata) is `same-origin`, and `Origin` is absent, our own, or that of a development server.
 * - `Sec-Fetch-Site` is absent (older browsers), and `Origin` is our own.
 *
 * An `Origin` is our own if its host and port are those of `Host`, with `http` or `https`.
 *
 * @param listed Origins of other pages that may call, for example `https://app.example.com`.
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
