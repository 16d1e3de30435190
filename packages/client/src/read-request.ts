import type { Place } from './place.js'
import { refuseKey } from './refuse-key.js'

/** The parts of a request, whether `fetch` got a URL or a `Request`. */
export interface ReadRequest {
  readonly url: string
  /** In capitals, as it goes on the wire. */
  readonly method: string
  readonly init: RequestInit
}

/**
 * Reads the arguments of `fetch`.
 *
 * @throws {TypeError} if the URL is not below Postern's mount, because Postern's credentials must not reach another
 *   server; or if a query parameter looks like an API key.
 */
export async function readRequest(input: RequestInfo | URL, given: RequestInit | undefined, place: Place): Promise<ReadRequest> {
  // Some SDKs pass a `Request`, not always of the platform's class: recognize it by `url`.
  const request = (input as Partial<Request>).url === undefined ? undefined : (input as Request)
  const mount = place.now()
  // If the SDK was set up without a page, its base URL begins with the made-up address `place.url`: replace that by the
  // mount.
  const url = new URL(String(request?.url ?? (input as string | URL)).replace(place.url, mount), `${mount}/`)
  if (!`${url.origin}${url.pathname}`.startsWith(`${mount}/`)) throw new TypeError(`This fetch talks only to Postern at ${mount}.`)
  for (const [name, value] of url.searchParams) refuseKey(name, value)
  url.hash = ''
  const init = { ...(request && (await partsOf(request))), ...given }
  return { url: url.href, method: (init.method ?? 'GET').toUpperCase(), init }
}

/** Reads the body, so that it can be sent again. In some browsers only reading tells whether a `Request` has a body. */
async function partsOf(request: Request): Promise<RequestInit> {
  const { method, headers, signal } = request
  const body = await request.arrayBuffer()
  return { method, headers, signal, body: body.byteLength ? body : null }
}
