import { fetchBounded, isPacked, type Dispatcher } from './fetch-bounded.js'

/** How much `fetchJson` reads, and through what. */
export interface FetchJsonOptions {
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly dispatcher: Dispatcher
}

/**
 * Fetches a JSON document from a URL of the configuration, without following redirects.
 *
 * @throws {Error} if no server answers, or if the answer has a status other than 200, a `Content-Encoding`, more than `maxBytes`
 *   bytes, or a body that is not JSON.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<unknown> {
  const answer = await fetchBounded(url, { ...options, headers: { accept: jsonTypes } })
  const { status, body } = answer
  if (status !== 200) throw new Error(`${new URL(url).origin} answered with status ${status}.`)
  if (isPacked(answer)) throw new Error(`${new URL(url).origin} answered in a coding that was not asked for.`)
  return JSON.parse(body.toString('utf8')) as unknown
}

/** A key set has a media type of its own (RFC 7517, 8.5), and some servers refuse a request whose `Accept` does not name theirs. */
const jsonTypes = 'application/json, application/jwk-set+json, */*;q=0.1'
