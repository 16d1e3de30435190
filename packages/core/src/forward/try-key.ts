import type { Endpoint } from '@postern/gateways'
import { fetchBounded } from '../connect/fetch-bounded.js'
import { openUpstream } from '../connect/open-upstream.js'
import { plainFailure } from '../lib/plain-failure.js'
import type { Gateway, KeyLease } from '../resolve/route.js'
import { credentialHeadersOf } from './prepare-key.js'

/** The largest list of models that is read, in bytes. */
const maxListBytes = 16 * 1024 * 1024

/** What came of trying a key. */
export interface KeyTrial {
  /** `unknown`: the gateway did not say. `not tried`: it has no call that costs nothing and needs a key. */
  readonly outcome: 'taken' | 'refused' | 'unknown' | 'not tried'
  /** For the operator. Holds nothing of what the gateway has sent but its status. */
  readonly reason: string
}

/** How a key is tried. */
export interface TrialOptions {
  /** Sent as `X-Request-ID`, so that the call is found in the gateway's logs. Default: none. */
  readonly requestId?: string | undefined
  /** Asks this model for a short answer, which costs a little, in place of the list of models. */
  readonly model?: string | undefined
}

/**
 * Asks the gateway of a key for its models with it, which costs nothing; or a model for a short answer. Follows no redirect. Never throws.
 */
export async function tryKey(key: KeyLease, signal: AbortSignal, options: TrialOptions = {}): Promise<KeyTrial> {
  const { gateway } = key
  if (options.model !== undefined) return tryChat(key, options.model, signal, options)
  const endpoint = gateway.endpoints.find('models')?.endpoints.find(({ methods }) => methods.includes('GET'))
  if (endpoint === undefined) return { outcome: 'not tried', reason: 'The gateway has no list of models.' }
  const status = await statusOf(key, { url: urlOf(gateway, endpoint), isOpen: endpoint.open === true }, signal, options)
  if (typeof status === 'string') return { outcome: 'unknown', reason: status }
  const answered = `The gateway answered with status ${status}.`
  if (endpoint.open === true) {
    if (status === 200) return { outcome: 'not tried', reason: 'The gateway answers; its list of models needs no key.' }
    return { outcome: 'unknown', reason: answered }
  }
  if (status === 401 || status === 403) return { outcome: 'refused', reason: answered }
  return { outcome: status === 200 ? 'taken' : 'unknown', reason: answered }
}

/** The shortest answer that every gateway takes, in tokens. */
const shortAnswer = 16

async function tryChat(key: KeyLease, model: string, signal: AbortSignal, options: TrialOptions): Promise<KeyTrial> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say yes.' }], max_tokens: shortAnswer })
  const { origin, basePath } = key.gateway
  const status = await statusOf(key, { url: `${origin}${basePath}/chat/completions`, isOpen: false, body }, signal, options)
  if (typeof status === 'string') return { outcome: 'unknown', reason: status }
  const reason = `The gateway answered with status ${status}.`
  if (status === 401 || status === 403) return { outcome: 'refused', reason }
  return { outcome: status === 200 ? 'taken' : 'unknown', reason }
}

/** What is asked of a gateway to try a key. */
interface Trial {
  readonly url: string
  /** Whether it needs no key. */
  readonly isOpen: boolean
  readonly body?: string
}

/** The status of the answer; as a text, why there was none. */
async function statusOf(
  key: KeyLease,
  { url, isOpen, body }: Trial,
  signal: AbortSignal,
  { requestId }: TrialOptions,
): Promise<number | string> {
  const dispatcher = openUpstream(key.gateway)
  const fields = isOpen ? [] : credentialHeadersOf(key)
  const headers: Record<string, string> = {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
  }
  const method = body === undefined ? 'GET' : 'POST'
  for (let index = 0; index < fields.length; index += 2) headers[fields[index] as string] = fields[index + 1] as string
  try {
    return (await fetchBounded(url, { method, body, headers, maxBytes: maxListBytes, signal, dispatcher })).status
  } catch (error) {
    const failure = error as Error & { readonly code?: unknown }
    return `The gateway cannot be asked: ${plainFailure(failure) ?? (typeof failure.code === 'string' ? `${failure.code}.` : `${failure.name}.`)}`
  } finally {
    await dispatcher.destroy()
  }
}

function urlOf({ origin, basePath, rootPath }: Gateway, { path }: Endpoint): string {
  return origin + (path === undefined ? `${basePath}/models` : `${rootPath ?? ''}${path}`)
}
