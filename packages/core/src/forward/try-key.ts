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

/** Asks the gateway of a key for its models with it, which costs nothing. Follows no redirect. Never throws. */
export async function tryKey(key: KeyLease, signal: AbortSignal): Promise<KeyTrial> {
  const { gateway } = key
  const endpoint = gateway.endpoints.find('models')?.endpoints.find(({ methods }) => methods.includes('GET'))
  if (endpoint === undefined) return { outcome: 'not tried', reason: 'The gateway has no list of models.' }
  const status = await statusOf(key, endpoint, signal)
  if (typeof status === 'string') return { outcome: 'unknown', reason: status }
  const answered = `The gateway answered with status ${status}.`
  if (endpoint.open === true) {
    if (status === 200) return { outcome: 'not tried', reason: 'The gateway answers; its list of models needs no key.' }
    return { outcome: 'unknown', reason: answered }
  }
  if (status === 401 || status === 403) return { outcome: 'refused', reason: answered }
  return { outcome: status === 200 ? 'taken' : 'unknown', reason: answered }
}

/** The status of the answer; as a text, why there was none. */
async function statusOf(key: KeyLease, endpoint: Endpoint, signal: AbortSignal): Promise<number | string> {
  const dispatcher = openUpstream(key.gateway)
  const fields = endpoint.open === true ? [] : credentialHeadersOf(key)
  const headers: Record<string, string> = { accept: 'application/json' }
  for (let index = 0; index < fields.length; index += 2) headers[fields[index] as string] = fields[index + 1] as string
  try {
    return (await fetchBounded(urlOf(key.gateway, endpoint), { headers, maxBytes: maxListBytes, signal, dispatcher })).status
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
