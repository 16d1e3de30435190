import { holdsKey } from '@postern/gateways'
import type { Arrival } from '../arrival.js'
import { namesIn, partsOf, readingsOf, unescapeLeniently } from '../lib/query-names.js'
import { squashName } from '../lib/squash-name.js'
import { Refusal } from '../refusal.js'
import { isKeyParameter, keyNameOf } from './key-names.js'
import { steersInQuery } from './steering-names.js'

/** No key is shorter, and most values of headers are. */
const minKeyChars = 11

/**
 * A client cannot submit a key in a header of any name.
 *
 * @throws {Refusal} 400 `credential_in_request`.
 */
export function refuseKeyInValue(name: string, value: string): void {
  if (value.length >= minKeyChars && holdsKey(value)) throw new Refusal('credential_in_request', { param: name })
}

/**
 * Nor in the path or the query: neither under a name that means one, nor as a value that looks like one, whether
 * the server that reads it takes escapes off never, once or twice. Nor does a parameter say where the call goes or who pays.
 *
 * @throws {Refusal} 400 `credential_in_request`, 400 `request_malformed`.
 */
export function refuseKeyInTarget({ path, query }: Arrival): void {
  if (holdsKey(path)) throw new Refusal('credential_in_request', { message: 'The path holds an API key. A caller sends none.' })
  if (query === '') return
  const once = query.includes('%') ? unescapeLeniently(query) : query
  const twice = once.includes('%') ? unescapeLeniently(once) : once
  if (holdsKey(query) || holdsKey(once) || holdsKey(twice))
    throw new Refusal('credential_in_request', { message: 'The query holds an API key. A caller sends none.' })
  for (const pair of partsOf(query)) refuseParameter(pair)
}

/** No API has a parameter with a longer name, in characters. */
const maxNameChars = 256

function refuseParameter(pair: string): void {
  const readings = readingsOf(pair)
  if ((readings[0] as { readonly name: string }).name.length > maxNameChars)
    throw new Refusal('request_malformed', { message: `A parameter's name is longer than ${maxNameChars} characters.` })
  for (const { name } of readings) {
    const [first = '', ...further] = namesIn(name).filter((each) => each !== '')
    if (isKeyParameter(first) || isKeyParameter(name)) throw new Refusal('credential_in_request', { param: first })
    // `sort.key` sorts, but nothing else than a key stands in `provider[api_key]`.
    const nested = further.find((each) => keyNameOf(squashName(each)) === 'certain')
    if (nested !== undefined) throw new Refusal('credential_in_request', { param: nested })
    const steers = [name, first, ...further].find((each) => steersInQuery(squashName(each)))
    if (steers !== undefined)
      throw new Refusal('request_malformed', {
        message: "The query has a parameter that would say where the call goes or who pays for it, which is the operator's to configure.",
        help: 'Remove it.',
        param: steers.slice(0, 64),
      })
  }
}
