import { headerNames } from '@postern/protocol'
import { createCredential, type CredentialOptions } from './credential.js'
import { createIdempotencyKeys } from './idempotency.js'
import type { Place } from './place.js'
import type { Records } from './records.js'
import { refuseKey } from './refuse-key.js'
import { currentTags, tagHeaders, type Tags } from './tags.js'

export interface SeamOptions extends CredentialOptions {
  readonly place: Place
  readonly records: Records
  readonly send: typeof fetch
}

/** Makes a `fetch` that talks to Postern and nobody else, under these tags where they are given. */
export type Seam = (tags?: Tags) => typeof fetch

/** Where SDKs put a key; what is written there is never sent. */
const keyHeaders = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key']

/** What SDKs say of the browser, which other origins would have to allow by name. */
const idleHeaders = ['anthropic-dangerous-direct-browser-access']

export function createSeam({ place, records, send, ...options }: SeamOptions): Seam {
  const credential = createCredential(options, place.url, send)
  const keys = createIdempotencyKeys()

  function headersFor(init: RequestInit, tags: Tags | undefined): Headers {
    const headers = new Headers(init.headers)
    for (const name of keyHeaders) {
      refuseKey(headers.get(name) ?? '', `The header "${name}" of an SDK`)
      headers.delete(name)
    }
    for (const name of idleHeaders) headers.delete(name)
    const said = tags ?? currentTags()
    if (said !== undefined) for (const [name, value] of Object.entries(tagHeaders(said))) if (!headers.has(name)) headers.set(name, value)
    return headers
  }

  /** A second attempt only where the first was refused for want of something that is there now. */
  async function attempt(url: string, init: RequestInit, headers: Headers, again: boolean): Promise<Response> {
    const used = await credential.apply(headers, init.method ?? 'GET', url)
    const response = await send(url, { ...init, headers })
    return again && canRepeat(init) && credential.mends(response, used) ? attempt(url, init, headers, false) : response
  }

  return (tags) => async (input, given) => {
    const [url, init] = await readRequest(input, given, place)
    const headers = headersFor(init, tags)
    const method = init.method ?? 'GET'
    const question =
      method === 'GET' || method === 'HEAD' ? undefined : `${method} ${url} ${typeof init.body === 'string' ? init.body : ''}`
    const key = question === undefined ? undefined : (headers.get('Idempotency-Key') ?? keys.take(question))
    if (key !== undefined) headers.set('Idempotency-Key', key)
    const all: RequestInit = { ...init, credentials: credential.usesCookie ? 'include' : 'same-origin', redirect: 'error' }
    try {
      const response = await attempt(url, all, headers, true)
      if (question !== undefined && key !== undefined && mayBeRetried(response)) keys.failed(question, key)
      return records.take(response, init.signal)
    } catch (error) {
      if (question !== undefined && key !== undefined && !(init.signal?.aborted ?? false)) keys.failed(question, key)
      throw error
    }
  }
}

/** @throws {TypeError} where a request is for somebody else: credentials of Postern's are nobody else's business. */
async function readRequest(
  input: RequestInfo | URL,
  given: RequestInit | undefined,
  { url: mount }: Place,
): Promise<[string, RequestInit]> {
  const isRequest = input instanceof Request
  const url = new URL(isRequest ? input.url : input, `${mount}/`)
  if (!`${url.origin}${url.pathname}`.startsWith(`${mount}/`))
    throw new TypeError(`This fetch talks only to Postern at ${mount}. Give the SDK that address as its base URL.`)
  if (!isRequest) return [url.href, given ?? {}]
  const body = input.body === null ? undefined : await input.arrayBuffer()
  return [
    url.href,
    { method: input.method, headers: input.headers, signal: input.signal, ...(body === undefined ? {} : { body }), ...given },
  ]
}

function canRepeat({ body }: RequestInit): boolean {
  return !(body instanceof ReadableStream)
}

/** As the SDKs of OpenAI and Anthropic decide, and others alike. */
function mayBeRetried({ status, headers }: Response): boolean {
  const said = headers.get(headerNames.shouldRetry)
  return said === null ? status === 408 || status === 409 || status === 429 || status >= 500 : said === 'true'
}
