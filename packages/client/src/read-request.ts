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
export async function readRequest(input: RequestInfo | URL, given: RequestInit | undefined, place: Place): Promise<ReadRequest> {
  // Some SDKs bring a `Request` of their own making.
  const request = (input as Partial<Request>).url === undefined ? undefined : (input as Request)
  const mount = place.now()
  // What an SDK was given where there was no page is meant for where it is now.
  const url = new URL(String(request?.url ?? (input as string | URL)).replace(place.url, mount), `${mount}/`)
  if (!`${url.origin}${url.pathname}`.startsWith(`${mount}/`)) throw new TypeError(`This fetch talks only to Postern at ${mount}.`)
  for (const [name, value] of url.searchParams) refuseKey(name, value)
  url.hash = ''
  const init = { ...(request && (await partsOf(request))), ...given }
  return { url: url.href, method: (init.method ?? 'GET').toUpperCase(), init }
}

/** A stream could be sent once only; what is read can be sent again. Of some browsers' requests only reading tells whether there is a body. */
async function partsOf(request: Request): Promise<RequestInit> {
  const { method, headers, signal } = request
  const body = await request.arrayBuffer()
  return { method, headers, signal, body: body.byteLength ? body : null }
}
