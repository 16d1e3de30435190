import { holdsKey, isKeyParameter, keyNameOf, squashName, steersInQuery } from '@postern/gateways'
import { type Arrival, Refusal } from '@postern/ports'
import { rememberNames } from '../lib/remember-names.js'
import { splitQuery, readingsOf, unescapeLeniently } from '../lib/query-names.js'
import { NestedNames } from './nested-names.js'

/** Minimum length of a key, in characters. Most header values are shorter. */
const minKeyChars = 11

/** {@link holdsKey} of short texts is remembered: most requests of a client bring the same values and the same path. */
const holdsKeyOften = rememberNames(holdsKey)

/**
 * Refuses a header, of any name, whose value holds a key.
 *
 * @throws {Refusal} 400 `credential_in_request`.
 */
export function refuseKeyInValue(name: string, value: string): void {
  if (value.length >= minKeyChars && holdsKeyOften(value)) throw new Refusal('credential_in_request', { param: name })
}

/**
 * Refuses a path or query that holds a key, as it is written and with its escapes decoded once and twice; a parameter whose
 * name means a key; and a parameter that decides where the call goes or who pays. How many there are is bounded first, and how many
 * names all of them nest: clients that are not identified write them.
 *
 * @throws {Refusal} 400 `credential_in_request`, 400 `request_malformed`.
 */
export function refuseKeyInTarget({ path, query }: Arrival): void {
  if (holdsKeyOften(path)) throw new Refusal('credential_in_request', { message: 'The path holds an API key. A caller sends none.' })
  if (query === '') return
  const pairs = splitQuery(query)
  const once = query.includes('%') ? unescapeLeniently(query) : query
  const twice = once.includes('%') ? unescapeLeniently(once) : once
  if (holdsKey(query) || holdsKey(once) || holdsKey(twice))
    throw new Refusal('credential_in_request', { message: 'The query holds an API key. A caller sends none.' })
  const nested = new NestedNames()
  for (const pair of pairs) refuseParameter(pair, nested)
}

/** Maximum length of a parameter's name, in characters: no API has a longer one. */
const maxNameChars = 256

function refuseParameter(pair: string, nested: NestedNames): void {
  const readings = readingsOf(pair)
  if ((readings[0] as { readonly name: string }).name.length > maxNameChars)
    throw new Refusal('request_malformed', { message: `A parameter's name is longer than ${maxNameChars} characters.` })
  for (const { name } of readings) {
    const [first = '', ...further] = nested.read(name).filter((each) => each !== '')
    if (isKeyParameter(first) || isKeyParameter(name)) throw new Refusal('credential_in_request', { param: first })
    // Nested names must be certain: `sort.key` is harmless, `provider[api_key]` is not.
    const certain = further.find((each) => keyNameOf(squashName(each)) === 'certain')
    if (certain !== undefined) throw new Refusal('credential_in_request', { param: certain })
    const steers = [name, first, ...further].find((each) => steersInQuery(squashName(each)))
    if (steers !== undefined)
      throw new Refusal('request_malformed', {
        message: "The query has a parameter that would say where the call goes or who pays for it, which is the operator's to configure.",
        help: 'Remove it.',
        param: steers.slice(0, 64),
      })
  }
}
