import { costOfName, squashName } from '@postern/gateways'
import { readingsOf, splitQuery } from '../lib/query-names.js'
import { holdsSettings } from './amount-names.js'
import type { Members } from './callers-places.js'

/** Members with which a request asks for a stream: of an answer, and of speech (OpenAI API, `stream_format`). */
const asks = /^(?:is)?(?:sse|stream(?:ing|ed|format)?)$/
const mayAsk = /stream|sse|[^\0-\x7f]/i
/** What a query asks for by its value, whatever its name is and whatever else the value says: `alt=sse` (Google's API), `format=event-stream`. */
const streamByValue = /sse|eventstream|streaming|ndjson/
const mayAskInQuery = /stream|sse|ndjson|%|[^\0-\x7f]/i
/** The same in a body, where it is all that the value says: `"response_mode": "streaming"` (Dify's API). */
const isStreamByValue = /^(?:sse|(?:text)?eventstream|streaming|(?:applicationx?)?ndjson)$/
const mayBeStream = /stream|sse|ndjson/i
const longestWord = 32

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

/**
 * How much of a body is looked at in one turn of the event loop, as {@link costOfName} counts: a few milliseconds. What has more members at
 * its top and in settings may ask for a stream behind them.
 */
const mostLookedAt = 4000

/** The same, of a body and of the settings in it. */
export function asksInBody(members: Members): boolean {
  return asksIn(members, 0, { left: mostLookedAt })
}

function asksIn(members: Members, depth: number, looks: { left: number }): boolean {
  for (const name in members) {
    looks.left -= costOfName(name)
    if (looks.left < 0) return true
    const value = members[name]
    if (mayAsk.test(name) && asksBy(squashName(name), value)) return true
    if (typeof value === 'string' && value.length <= longestWord && mayBeStream.test(value) && isStreamByValue.test(squashName(value)))
      return true
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject && depth < mostDeep && (depth > 0 || holdsSettings(name)) && asksIn(value as Members, depth + 1, looks)) return true
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
