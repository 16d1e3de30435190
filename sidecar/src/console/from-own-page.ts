import type { IncomingMessage } from 'node:http'

/** Why a request is not from the console's own page. */
export interface Stranger {
  readonly status: 403 | 421
  readonly reason: string
}

/**
 * Checks that a request names the console itself, and does not come from another page. A browser sends `Origin` with each POST and with
 * each request to another origin, and `Sec-Fetch-Site` with each request; no page can set them.
 *
 * @param own The console's host and port, such as `127.0.0.1:41234`.
 * @param isEntry Whether it is for the document, which a browser also asks for when somebody types or pastes the address.
 * @returns `undefined` if nothing speaks against it.
 */
export function strangerOf({ headersDistinct, method }: IncomingMessage, own: string, isEntry: boolean): Stranger | undefined {
  const only = (name: string): string | undefined => {
    const values = headersDistinct[name] ?? []
    return values.length > 1 ? '' : values[0]
  }
  if (only('host') !== own) return { status: 421, reason: `This is http://${own} and no other name.` }
  const origin = only('origin')
  if (origin === undefined ? method !== 'GET' && method !== 'HEAD' : origin !== `http://${own}`)
    return { status: 403, reason: 'Only the console’s own page may ask.' }
  const site = only('sec-fetch-site')
  if (site === undefined || site === 'same-origin' || (isEntry && site === 'none')) return undefined
  return {
    status: 403,
    reason: isEntry
      ? 'Another page led here. Paste the link into the address bar; it is still good.'
      : 'Only the console’s own page may ask.',
  }
}
