import { fetchBounded, type Road } from './fetch-bounded.js'

/** How much is read, and for how long. */
export interface FetchJsonOptions {
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly road: Road | undefined
}

/**
 * Fetches a JSON document from an address of the configuration: no redirects, and no more than is expected.
 *
 * @throws {Error} where there is no such answer.
 */
export async function fetchJson(url: string, { road, ...options }: FetchJsonOptions): Promise<unknown> {
  const way = road === undefined ? {} : { road }
  const { status, body } = await fetchBounded(url, { ...options, ...way, headers: { accept: jsonTypes } })
  if (status !== 200) throw new Error(`${new URL(url).origin} answered with status ${status}.`)
  return JSON.parse(body.toString('utf8')) as unknown
}

/** JSON by any of its names: a set of keys has one of its own (RFC 7517, 8.5), and there are servers that serve nothing that is not named. */
const jsonTypes = 'application/json, application/jwk-set+json, */*;q=0.1'
