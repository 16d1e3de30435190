import { hash } from 'node:crypto'
import type { Arrival } from '../../arrival.js'
import type { CookieMemory } from '../../backend/watch-cookies.js'
import type { Principal } from '../../principal.js'
import { Refusal } from '../../refusal.js'
import type { CheckSameSite } from '../same-site.js'
import type { Verifier } from '../verifier.js'
import type { AskBackend } from './ask-backend.js'
import { createKnownAnswers, type Question } from './known-answers.js'
import { createCookieReader } from './read-cookies.js'
import { createTurns } from './turns.js'

export interface ForwardAuthOptions {
  readonly askBackend: AskBackend
  readonly checkSameSite: CheckSameSite
  /** The cookies that say who somebody is; where none are named, any. */
  readonly cookies: readonly string[] | undefined
  /** Headers that the backend gets besides, lower-case. */
  readonly passHeaders: readonly string[]
  /** How long its answer is good, in milliseconds; with 0, nobody gets one that was asked for before he came. */
  readonly cacheMs: number
  /** The network that a request is counted for; `undefined` where it is counted for none. */
  readonly networkOf: (arrival: Arrival) => string | undefined
  /** How long a question waits for its turn where many are open, in milliseconds. */
  readonly waitMs: number
}

/** How long it is remembered that nobody is signed in: not longer than it takes to do so, in milliseconds. */
const refusedMs = 1000

/** Recognises the backend's own cookies, and asks the backend whose they are. */
export interface ForwardAuth extends Verifier {
  readonly memory: CookieMemory
}

export function createForwardAuthVerifier(options: ForwardAuthOptions): ForwardAuth {
  const { askBackend, checkSameSite, passHeaders, cacheMs, networkOf, waitMs } = options
  const cookies = createCookieReader(options.cookies)
  const known = createKnownAnswers()
  const awaitTurn = createTurns(waitMs)

  async function askInTurn(headers: CookieHeaders, network: string | undefined): Promise<Principal> {
    const end = await awaitTurn(network)
    try {
      return await askBackend(headers)
    } finally {
      end()
    }
  }

  async function askOnce(question: Question, headers: CookieHeaders, network: string | undefined): Promise<Principal> {
    try {
      const principal = await askInTurn(headers, network)
      known.end(question, principal, cacheMs)
      return principal
    } catch (error) {
      const refused = error instanceof Refusal && error.code === 'caller_invalid' ? error : undefined
      known.end(question, refused, Math.min(refusedMs, cacheMs))
      throw error
    }
  }

  function begin(digest: string, headers: CookieHeaders, arrival: Arrival): Promise<Principal> {
    const question = known.begin(digest, cookies.keysOf(headers.cookie))
    return (question.asked = askOnce(question, headers, networkOf(arrival)))
  }

  function ask(headers: CookieHeaders, arrival: Arrival): Principal | Promise<Principal> {
    const digest = hash('sha256', JSON.stringify(headers))
    const found = known.answerOf(digest)
    if (found instanceof Refusal) throw found
    if (found !== undefined) return found
    const same = known.askedOf(digest)
    if (same === undefined) return begin(digest, headers, arrival)
    const asked = same.asked as Promise<Principal>
    if (cacheMs > 0) return asked
    // What is not good for any time is not good for who came after it was asked: elsewhere it may have changed since.
    const again = async (): Promise<Principal> => ask(headers, arrival)
    return (same.next ??= asked.then(again, again))
  }

  function headersFor(arrival: Arrival, cookie: string): CookieHeaders {
    const headers: CookieHeaders = { cookie }
    for (const name of passHeaders) {
      const value = arrival.headers[name]
      if (typeof value === 'string') headers[name] = value
    }
    return headers
  }

  return {
    asksForCookies: true,
    recognises: ({ form, text }) => form === 'cookie' && cookies.select(text) !== undefined,
    verify({ text }, arrival) {
      checkSameSite(arrival)
      return ask(headersFor(arrival, cookies.select(text) as string), arrival)
    },
    memory: { ...known, keysOf: (header) => cookies.keysOf(header) },
  }
}

interface CookieHeaders extends Record<string, string> {
  cookie: string
}
