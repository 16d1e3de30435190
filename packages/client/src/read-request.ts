import type { Place } from './place.js'
import { refuseKey } from './refuse-key.js'

/** A request, with its parts where they are looked for. */
export interface ReadRequest {
  readonly url: string
  /** In capitals, as it goes on the wire. */
  readonly method: string
  readonly init: RequestInit
}

/**
 * Reads what a `fetch` is called with.
 *
 * @throws {TypeError} where a request is for somebody else: credentials of Postern's are nobody else's business.
 */
export async function readRequest(input: RequestInfo | URL, given: RequestInit | undefined, { url: mount }: Place): Promise<ReadRequest> {
  // Some SDKs bring a `Request` of their own making.
  const request = typeof input === 'object' && 'url' in input ? input : undefined
  const url = new URL(request === undefined ? (input as string | URL) : request.url, `${mount}/`)
  if (!`${url.origin}${url.pathname}`.startsWith(`${mount}/`))
    throw new TypeError(`This fetch talks only to Postern at ${mount}. Give the SDK that base URL.`)
  for (const [name, value] of url.searchParams) refuseKey(name, value)
  url.hash = ''
  const init = request === undefined ? (given ?? {}) : { ...(await partsOf(request)), ...given }
  return { url: url.href, method: (init.method ?? 'GET').toUpperCase(), init }
}

/** A stream could be sent once only; what is read can be sent again. */
async function partsOf(request: Request): Promise<RequestInit> {
  const { method, headers, signal } = request
  return { method, headers, signal, body: request.body === null ? null : await request.arrayBuffer() }
}
