import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Arrival } from '../../arrival.js'
import type { Principal } from '../../principal.js'
import { Refusal } from '../../refusal.js'
import type { CheckSameSite } from '../same-site.js'
import type { Verifier } from '../verifier.js'
import type { AskBackend } from './ask-backend.js'
import { readCookies } from './read-cookies.js'

export interface ForwardAuthOptions {
  readonly askBackend: AskBackend
  readonly checkSameSite: CheckSameSite
  /** The cookies that say who somebody is; where none are named, any. */
  readonly cookies: readonly string[] | undefined
  /** Headers that the backend gets besides, lower-case. */
  readonly passHeaders: readonly string[]
  /** How long its answer is good, in milliseconds. */
  readonly cacheMs: number
  /** Where a request comes from. */
  readonly networkOf: (arrival: Arrival) => string
}

/** Answers that are remembered, by the SHA-256 of all that was asked with. */
const rememberedAnswers = 20_000

/** How long it is remembered that nobody is signed in: not longer than it takes to do so, in milliseconds. */
const refusedMs = 1000

/** Questions that may be open at once; one more would only wait behind a backend that does not keep up. */
const mostQuestions = 256

/** Questions of one network that may be open at once, so that invented cookies leave room for others. */
const mostOfNetwork = 64

/** Recognises the backend's own cookies, and asks the backend whose they are. */
export function createForwardAuthVerifier(options: ForwardAuthOptions): Verifier {
  const { askBackend, checkSameSite, passHeaders, cacheMs, networkOf } = options
  const names = options.cookies === undefined ? undefined : new Set(options.cookies)
  const known = new LRUCache<string, Principal | Refusal>({ max: rememberedAnswers })
  const asking = new Map<string, Promise<Principal>>()
  const openOf = new Map<string, number>()

  async function askOnce(digest: string, headers: Readonly<Record<string, string>>, network: string): Promise<Principal> {
    try {
      const principal = await askBackend(headers)
      if (cacheMs > 0) known.set(digest, principal, { ttl: cacheMs })
      return principal
    } catch (error) {
      if (error instanceof Refusal && error.code === 'caller_invalid') known.set(digest, error, { ttl: refusedMs })
      throw error
    } finally {
      asking.delete(digest)
      const left = (openOf.get(network) ?? 1) - 1
      if (left === 0) openOf.delete(network)
      else openOf.set(network, left)
    }
  }

  function ask(headers: Readonly<Record<string, string>>, arrival: Arrival): Principal | Promise<Principal> {
    const digest = hash('sha256', JSON.stringify(headers))
    const found = known.get(digest)
    if (found instanceof Refusal) throw found
    if (found !== undefined) return found
    const same = asking.get(digest)
    if (same !== undefined) return same
    const network = networkOf(arrival)
    const open = openOf.get(network) ?? 0
    if (asking.size >= mostQuestions || open >= mostOfNetwork)
      throw new Refusal('caller_check_unavailable', { retryAfterSeconds: 1, cause: 'Too many questions to the backend are open.' })
    openOf.set(network, open + 1)
    const question = askOnce(digest, headers, network)
    asking.set(digest, question)
    return question
  }

  function headersFor(arrival: Arrival, cookie: string): Record<string, string> {
    const headers: Record<string, string> = { cookie }
    for (const name of passHeaders) {
      const value = arrival.headers[name]
      if (typeof value === 'string') headers[name] = value
    }
    return headers
  }

  return {
    recognises: ({ form, text }) => form === 'cookie' && readCookies(text, names) !== undefined,
    verify({ text }, arrival) {
      checkSameSite(arrival)
      return ask(headersFor(arrival, readCookies(text, names) as string), arrival)
    },
  }
}
