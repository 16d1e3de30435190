import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { ClientGone, Refusal } from '../refusal.js'

/**
 * Looks at how a medium begins, and puts it back. A gateway that does not look at the type of a body would
 * read JSON in it that policy has not read; no form and no medium begins like that.
 *
 * @throws {Refusal} 400 `request_malformed`.
 */
export async function refuseDisguisedJson(body: Readable): Promise<void> {
  let first = body.read() as Buffer | null
  while (first === null && !body.readableEnded && !body.destroyed) {
    await Promise.race([once(body, 'readable'), once(body, 'end'), once(body, 'close')])
    first = body.read() as Buffer | null
  }
  if (first === null) {
    if (body.destroyed && !body.readableEnded) throw new ClientGone('The client left while sending its body.')
    return
  }
  body.unshift(first)
  if (looksLikeJson.test(first.toString('latin1', 0, 1024))) {
    throw new Refusal('request_malformed', { message: 'The body is JSON under the name of something else.', param: 'Content-Type' })
  }
}

/**
 * After spaces and a byte order mark, an object, or a list, or as much of one as there is; or nothing but spaces, behind
 * which one could follow. What follows the bracket is looked at too, since some media begin with any byte.
 */
const looksLikeJson = /^(?:\xef\xbb\xbf)?\s*(?:\{\s*(?:["'}/]|$)|\[\s*(?:["'{[\]/\w-]|$)|$)/
