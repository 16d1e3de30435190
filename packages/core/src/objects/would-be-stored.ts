import { type AnswerFormat, squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import type { Members } from '../police/callers-places.js'

/**
 * Whether the provider would store the answer: it does so by default, and the body does not say `"store": false`.
 *
 * @throws {Refusal} 400 `request_malformed` if the body has `store` in another spelling.
 */
export function wouldBeStored({ storedUnlessRefused }: AnswerFormat, body: Members): boolean {
  if (storedUnlessRefused !== true) return false
  const other = Object.keys(body).find((name) => name !== 'store' && squashName(name) === 'store')
  if (other !== undefined) throw new Refusal('request_malformed', { message: 'The member store is written like this.', param: 'store' })
  return body['store'] !== false
}
