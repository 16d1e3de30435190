import { costOfName, squashName } from '@postern/gateways'
import { readingsOf, splitQuery } from '../lib/query-names.js'
import { holdsSettings } from './amount-names.js'
import type { Members } from './callers-places.js'

/**
 * Members with which a request asks for a stream: of an answer, of speech (OpenAI API, `stream_format`), and in pieces that each hold what is
 * new (DashScope's API, `incremental_output`). Who reads a name that only speaks of streams as something else is counted for nothing: a call
 * that brings no stream gives its place back with its answer.
 */
const asks = /stream|^(?:is)?sse$|^incrementaloutput$/
const mayAsk = /stream|sse|incremental|[^\0-\x7f]/i
/** Types of answers that come event by event or line by line; `application/octet-stream` is a file. */
const acceptsStream = /(?<!octet-)stream|ndjson|jsonl|json-seq/i
/** What a query asks for by its value, whatever its name is and whatever else the value says: `alt=sse` (Google's API), `format=event-stream`. */
const streamByValue = /sse|eventstream|streaming|ndjson/
const mayAskInQuery = /stream|sse|ndjson|%|[^\0-\x7f]/i
/** The same in a body, where it is all that the value says: `"response_mode": "streaming"` (Dify's API). */
const isStreamByValue = /^(?:sse|stream(?:ing|ed)?)$|eventstream|ndjson|jsonl/
const mayBeStream = /stream|sse|ndjson|jsonl/i
const longestWord = 48
/** So many items of a list are looked at as a value alone is. */
const mostItems = 8

/** So deep do settings stand in settings that some server reads. */
const mostDeep = 8

/**
 * Whether a request asks for a stream, in a spelling that some server could read, before its body is read: in the query, in `Accept`, or
 * in the path, where Google's API says it.
 *
 * @param accept The value of `Accept`, if it has one.
 */
export function asksOutsideBody(endpointPath: string, query: string, accept: string | undefined): boolean {
  return asksInQuery(query) || /:stream/i.test(endpointPath) || (accept !== undefined && acceptsStream.test(accept))
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
    const isSettings = depth < mostDeep && (depth > 0 || holdsSettings(name))
    if (Array.isArray(value)) {
      const last = Math.min(value.length, mostItems)
      for (let at = 0; at < last; at++) if (asksByValue(value[at], isSettings, depth, looks)) return true
    } else if (asksByValue(value, isSettings, depth, looks)) return true
  }
  return false
}

function asksByValue(value: unknown, isSettings: boolean, depth: number, looks: { left: number }): boolean {
  if (typeof value === 'string') return value.length <= longestWord && mayBeStream.test(value) && isStreamByValue.test(squashName(value))
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isSettings && isObject && asksIn(value as Members, depth + 1, looks)
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
