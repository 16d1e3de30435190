import { hash } from 'node:crypto'
import { type Arrival, type Principal, Refusal } from '@postern/ports'
import type { CookieMemory } from './cookie-memory.js'
import type { CheckSameSite } from '../same-site.js'
import type { Verifier } from '../verifier.js'
import type { AskBackend } from './ask-backend.js'
import type { KnownAnswers, Question } from './known-answers.js'
import { createCookieReader } from './read-cookies.js'
import { createTurns } from './turns.js'

export interface ForwardAuthOptions {
  readonly askBackend: AskBackend
  readonly checkSameSite: CheckSameSite
  /** The answers that are known, and the questions that are open. */
  readonly known: KnownAnswers
  /** The names of the cookies that identify a user; `undefined`: all cookies. */
  readonly cookies: readonly string[] | undefined
  /** Further request headers that the backend gets, lower-case. */
  readonly passHeaders: readonly string[]
  /** How long an answer is kept, in milliseconds. 0: a request gets only an answer that was asked for after it came. */
  readonly cacheMs: number
  /** The network that a request is counted for; `undefined`: not counted. */
  readonly networkOf: (arrival: Arrival) => string | undefined
  /** How long a question may wait in the queue before the backend is asked, in milliseconds. */
  readonly waitMs: number
}

/** How long the answer "not signed in" is kept, in milliseconds: short, because the user may sign in next. */
const refusedMs = 1000

/** Recognises the backend's own cookies, and asks the backend whose they are. `memory` keeps the answers. */
export interface ForwardAuth extends Verifier {
  readonly memory: CookieMemory
}

export function createForwardAuthVerifier(options: ForwardAuthOptions): ForwardAuth {
  const { askBackend, checkSameSite, known, passHeaders, cacheMs, networkOf, waitMs } = options
  const cookies = createCookieReader(options.cookies)
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
    // With `cacheMs` 0, this request came after that question was asked, and the cookie's user may have changed since: wait
    // for it, then ask once more, together with all requests that wait.
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
    via: 'forwardAuth',
    acceptsCookies: true,
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
