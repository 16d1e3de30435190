/** Statuses of a redirect. In a browser, a redirect that is not followed has status 0. */
const redirect = /^(0|30[12378])$/

/**
 * Rejects on a redirect, which could lead Postern's credentials to another server.
 *
 * Does not use `redirect: 'error'`, because some platforms lack it, such as Cloudflare's.
 */
export function refuseRedirects(send: typeof fetch | undefined): typeof fetch {
  return async (input, init) => {
    const answer = await (send ?? globalThis.fetch)(input, { ...init, redirect: 'manual' })
    if (redirect.test(`${answer.status}`)) throw new TypeError('Postern redirects nobody.')
    return answer
  }
}
