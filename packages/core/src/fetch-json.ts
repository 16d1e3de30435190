import { fetchBounded } from './fetch-bounded.js'

/** How much is read, and for how long. */
export interface FetchJsonOptions {
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/**
 * Fetches a JSON document from an address of the configuration: no redirects, and no more than is expected.
 *
 * @throws {Error} where there is no such answer.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<unknown> {
  const { status, body } = await fetchBounded(url, { ...options, headers: { accept: 'application/json' } })
  if (status !== 200) throw new Error(`${new URL(url).origin} answered with status ${status}.`)
  return JSON.parse(body.toString('utf8')) as unknown
}
