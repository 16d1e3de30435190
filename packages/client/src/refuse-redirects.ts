/** What a redirect looks like; in a page, 0. */
const redirect = /^(0|30[12378])$/

/**
 * Fails where it would be led elsewhere: a credential of Postern's is nobody else's business.
 *
 * Not by `redirect: 'error'`, which some platforms do not have, such as Cloudflare's.
 */
export function refuseRedirects(send: typeof fetch | undefined): typeof fetch {
  return async (input, init) => {
    const answer = await (send ?? globalThis.fetch)(input, { ...init, redirect: 'manual' })
    if (redirect.test(`${answer.status}`)) throw new TypeError('Postern redirects nobody.')
    return answer
  }
}
