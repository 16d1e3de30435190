import { sdkRetryHeader, shouldRetryHeader } from '@postern/protocol'
import { mendAttempts } from './attempts.js'
import { createCredential, type CredentialOptions } from './credential.js'
import { type Attempt, createIdempotencyKeys } from './idempotency.js'
import type { Place } from './place.js'
import { isStream } from './is-stream.js'
import { readRequest, type ReadRequest } from './read-request.js'
import type { AnswerIndex } from './answer-index.js'
import { refuseKey } from './refuse-key.js'
import { SessionRefused } from './session-refused.js'
import { currentTags, tagHeaders, type Tags } from './tags.js'
import { unlessAborted } from './unless-aborted.js'

export interface SeamOptions extends CredentialOptions {
  readonly place: Place
  readonly records: AnswerIndex
  readonly send: typeof fetch
}

/** Makes a `fetch` that calls Postern only. Its calls carry `tags`; without them, the tags of the running workflow. */
export type TaggedFetch = (tags?: Tags) => typeof fetch

/**
 * Headers that are removed: those in which SDKs send a key, and `anthropic-dangerous-direct-browser-access`, which
 * another origin would have to allow by name (CORS).
 */
const neverSent = /^authorization$|api-key$|^anthropic-dangerous/

export function createSeam({ place, records, send, ...options }: SeamOptions): TaggedFetch {
  const credential = createCredential(options, place, send)
  const keys = createIdempotencyKeys()

  function headersFor({ headers: given }: RequestInit, tags: Tags | undefined): Headers {
    const headers = new Headers(given)
    for (const [name, value] of new Headers(given)) {
      refuseKey(name, value)
      if (neverSent.test(name)) headers.delete(name)
    }
    const said = tags ?? currentTags()
    if (said) for (const [name, value] of Object.entries(tagHeaders(said))) if (!headers.has(name)) headers.set(name, value)
    return headers
  }

  /** Sends a request. Sends it again only if {@link Credential.mend} has repaired what it was refused for. */
  async function attempt({ url, method, init }: ReadRequest, headers: Headers): Promise<Response> {
    const whole = { ...init, headers, credentials: credential.usesCookie ? 'include' : 'same-origin' } as const
    return mendAttempts(async () => {
      const used = await unlessAborted(credential.apply(headers, method, url), init.signal)
      const answer = await send(url, whole)
      const mend = credential.mend(answer, used)
      // A body that was a stream cannot be sent again.
      return [answer, isStream(init.body) ? undefined : mend]
    })
  }

  /** Sends a call that may cost something; all attempts at it share one `Idempotency-Key`. */
  async function sendOnce(request: ReadRequest, headers: Headers): Promise<Response> {
    if (headers.has('Idempotency-Key')) return attempt(request, headers)
    const said = headers.get(sdkRetryHeader)
    const asked: Attempt = {
      place: `${request.method} ${request.url}`,
      body: request.init.body,
      retry: said === null ? undefined : Number(said),
    }
    const key = keys.take(asked)
    headers.set('Idempotency-Key', key)
    try {
      const response = await attempt(request, headers)
      if (mayBeRetried(response)) keys.failed(asked, key)
      return response
    } catch (error) {
      // If the SDK counts retries, an abort may be its timeout, and it retries. Otherwise the user aborted.
      if (asked.retry !== undefined || !request.init.signal?.aborted) keys.failed(asked, key)
      throw error
    }
  }

  return (tags) => async (input, given) => {
    const request = await readRequest(input, given, place)
    const headers = headersFor(request.init, tags)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    try {
      return records.take(await (isRead ? attempt(request, headers) : sendOnce(request, headers)), request.init)
    } catch (error) {
      if (error instanceof SessionRefused) return records.take(error.answer.clone(), request.init)
      throw error
    }
  }
}

/** Whether SDKs retry after this answer: the rule of the SDKs of OpenAI and Anthropic. */
function mayBeRetried({ status, headers }: Response): boolean {
  const said = headers.get(shouldRetryHeader)
  return said === null ? status === 408 || status === 409 || status === 429 || status >= 500 : said === 'true'
}
