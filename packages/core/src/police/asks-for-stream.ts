import { squashName } from '@postern/gateways'
import { readingsOf, splitQuery } from '../lib/query-names.js'
import { holdsSettings } from './amount-names.js'
import type { Members } from './callers-places.js'

/** Members with which a request asks for a stream: of an answer, and of speech (OpenAI API, `stream_format`). */
const asks = /^(?:is)?stream(?:ing|ed|format)?$/
const mayAsk = /stream|[^\0-\x7f]/i

/**
 * Whether a request asks for a stream, in a spelling that some server could read: in the body, in settings that are merged into it, in
 * the query, or in the path, where Google's API says it.
 */
export function asksForStream(members: Members, endpointPath: string, query: string): boolean {
  return asksInBody(members) || /:stream/i.test(endpointPath) || asksInQuery(query)
}

function asksInBody(members: Members, isOutermost = true): boolean {
  for (const name in members) {
    const value = members[name]
    if (mayAsk.test(name) && asksBy(squashName(name), value)) return true
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isOutermost && isObject && holdsSettings(name) && asksInBody(value as Members, false)) return true
  }
  return false
}

/** The same, of a query alone. */
export function asksInQuery(query: string): boolean {
  // A name may be written with escapes.
  if (!mayAsk.test(query) && !query.includes('%')) return false
  return splitQuery(query).some((pair) => readingsOf(pair).some(({ name, value }) => asksBy(squashName(name), value)))
}

function asksBy(name: string, value: unknown): boolean {
  return asks.test(name) && isYes(name, value)
}

/**
 * A value that some server could read as yes counts as yes: to many languages every text but the empty one is true, also `"false"` and
 * `"0"`. Only the format of speech that is sent in one piece, `audio`, is a text that says no.
 */
function isYes(name: string, value: unknown): boolean {
  if (value === 'audio') return !name.endsWith('format')
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== ''
}
