import { squashName } from '@postern/gateways'
import { readingsOf, splitQuery } from '../lib/query-names.js'
import { holdsSettings } from './amount-names.js'
import type { Members } from './callers-places.js'

/** Members with which a request asks for a stream: of an answer, and of speech (OpenAI API, `stream_format`). */
const asks = /^(?:is)?stream(?:ing|ed|format)?$/
const mayAsk = /stream|[^\0-\x7f]/i
/** What a query asks for by its value, whatever its name is and whatever else the value says: `alt=sse` (Google's API), `format=event-stream`. */
const streamByValue = /sse|eventstream/
const mayAskInQuery = /stream|sse|%|[^\0-\x7f]/i

/** So deep do settings stand in settings that some server reads. */
const mostDeep = 8

/**
 * Whether a request asks for a stream, in a spelling that some server could read, before its body is read: in the query, in `Accept`, or
 * in the path, where Google's API says it.
 *
 * @param accept The value of `Accept`, if it has one.
 */
export function asksOutsideBody(endpointPath: string, query: string, accept: string | undefined): boolean {
  return asksInQuery(query) || /:stream/i.test(endpointPath) || (accept !== undefined && /event-stream/i.test(accept))
}

/** The same, of a body and of the settings in it. */
export function asksInBody(members: Members, depth = 0): boolean {
  for (const name in members) {
    const value = members[name]
    if (mayAsk.test(name) && asksBy(squashName(name), value)) return true
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject && depth < mostDeep && (depth > 0 || holdsSettings(name)) && asksInBody(value as Members, depth + 1)) return true
  }
  return false
}

function asksInQuery(query: string): boolean {
  if (!mayAskInQuery.test(query)) return false
  return splitQuery(query).some((pair) =>
    readingsOf(pair).some(
      ({ name, value }) => streamByValue.test(squashName(value)) || asksBy(squashName(name), value === '' ? 'true' : value),
    ),
  )
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
