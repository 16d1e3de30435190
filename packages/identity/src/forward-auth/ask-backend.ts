import { isUtf8 } from 'node:buffer'
import { type Dispatcher, type Dispatchers, fetchBounded, type FetchedAnswer, isPacked } from '@postern/core'
import { type Principal, readClaims, Refusal, UnreadableClaims } from '@postern/ports'
import { nameFault } from '@postern/protocol'
import type { Availability } from '../availability.js'
import { type ClaimPath, readClaim } from '../claim-path.js'

/** Where the backend's answer names the user, team and project. */
export interface IdentityPlaces {
  /** Paths in its JSON body. */
  readonly claims: { readonly user: ClaimPath; readonly team?: ClaimPath | undefined; readonly project?: ClaimPath | undefined }
  /** Names of its headers. If they are given, the body is not read. */
  readonly answerHeaders?: { readonly user: string; readonly team?: string | undefined; readonly project?: string | undefined } | undefined
}

export interface AskBackendOptions extends IdentityPlaces {
  /** `http://127.0.0.1:3000/api/me`, or `unix:/run/app.sock:/api/me`. */
  readonly url: string
  readonly timeoutMs: number
  readonly dispatchers: Dispatchers
  /** Is told whether the backend gave answers that can be used. */
  readonly availability?: Availability | undefined
}

/** The largest answer that is read, in bytes. */
const maxAnswerBytes = 64 * 1024

/**
 * Asks the backend whose a cookie is, with the headers that are given.
 *
 * @throws {Refusal} 401 `caller_invalid` if the backend says that the user is not signed in: by 401, 403, a redirect, or an
 *   answer without a user's name. 503 `caller_check_unavailable` if it gives no answer, or one that cannot be used. A
 *   failure never makes the caller anonymous.
 */
export type AskBackend = (headers: Readonly<Record<string, string>>) => Promise<Principal>

export function createAskBackend({ url, timeoutMs, dispatchers, availability, ...places }: AskBackendOptions): AskBackend {
  const { address, dispatcher } = targetOf(url, dispatchers)
  const place = placeOf(url)
  const askOnce: AskBackend = async (headers) => {
    const answer = await ask(address, dispatcher, headers, timeoutMs)
    const { status } = answer
    if (status === 401 || status === 403 || (status >= 300 && status < 400)) throw notSignedIn()
    if (status < 200 || status > 299) throw unusable(place, `answered ${status}, and callers.forwardAuth.url is to answer 2xx, 401 or 403`)
    const names =
      places.answerHeaders === undefined ? readBody(answer, places.claims, place) : readHeaders(answer, places.answerHeaders, place)
    if (names.user === undefined) throw notSignedIn()
    return { ...names, via: 'forwardAuth', caller: 'forwardAuth', delegate: false }
  }
  return async (headers) => {
    try {
      const principal = await askOnce(headers)
      availability?.answered()
      return principal
    } catch (error) {
      if (error instanceof Refusal && error.code === 'caller_check_unavailable') availability?.failed(error.details.cause)
      else availability?.answered()
      throw error
    }
  }
}

/**
 * Asks the backend for a sign of life, without a cookie. Every answer is one, but those of status 500 and above.
 *
 * @param signal The caller aborts it when the backend has had its time.
 * @throws {Error} The returned promise rejects if the backend has not answered when `signal` is aborted, or answered with 500 or above.
 */
export async function askForSign(url: string, dispatchers: Dispatchers, signal: AbortSignal): Promise<void> {
  const { address, dispatcher } = targetOf(url, dispatchers)
  const headers = { accept: 'application/json' }
  const { status } = await fetchBounded(address, { headers, maxBytes: maxAnswerBytes, signal, dispatcher })
  if (status >= 500) throw new Error(`It answered ${status}.`)
}

async function ask(
  address: string,
  dispatcher: Dispatcher,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<FetchedAnswer> {
  try {
    return await fetchBounded(address, {
      headers: { ...headers, accept: 'application/json' },
      maxBytes: maxAnswerBytes,
      signal: AbortSignal.timeout(timeoutMs),
      dispatcher: dispatcher,
    })
  } catch (error) {
    throw new Refusal('caller_check_unavailable', { retryAfterSeconds: 1, cause: error })
  }
}

type Names = Pick<Principal, 'user' | 'team' | 'project'>

function readBody(answer: FetchedAnswer, { user, team, project }: IdentityPlaces['claims'], place: string): Names {
  if (isPacked(answer)) throw unusable(place, 'answered in a coding that was not asked for')
  const claims = parse(answer.body, place)
  // `null` or an empty body: the user is not signed in.
  if (claims === null) return {}
  if (typeof claims !== 'object') throw unusable(place, 'answered with JSON that is no object')
  const read = (path: ClaimPath | undefined): string | undefined => (path === undefined ? undefined : readClaim(claims, path))
  return { user: read(user), team: read(team), project: read(project) }
}

function parse(body: Buffer, place: string): unknown {
  if (body.length === 0) return null
  try {
    return readClaims(body)
  } catch (error) {
    if (!(error instanceof UnreadableClaims)) throw error
    throw unusable(place, `gave an answer that cannot be read: it ${error.message}`)
  }
}

function readHeaders({ headers }: FetchedAnswer, places: NonNullable<IdentityPlaces['answerHeaders']>, place: string): Names {
  const read = (name: string | undefined): string | undefined => {
    const value = name === undefined ? undefined : headers[name.toLowerCase()]
    if (value === undefined || value === '') return undefined
    const text = typeof value === 'string' ? readUtf8(value) : undefined
    const fault = text === undefined ? 'is not UTF-8, or stands there more than once' : nameFault(text)
    if (fault === undefined) return text
    throw unusable(place, `answered with a header "${name}" that is no name: it ${fault}`)
  }
  return { user: read(places.user), team: read(places.team), project: read(places.project) }
}

/** undici decodes headers as Latin-1, but names are UTF-8, as in JSON. `undefined` if the bytes are not UTF-8. */
function readUtf8(value: string): string | undefined {
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** The refusal for an answer that cannot be used. The log gets the URL without user, password and query. */
function unusable(place: string, what: string): Refusal {
  return new Refusal('caller_check_unavailable', { cause: `GET ${place} ${what}.` })
}

function placeOf(url: string): string {
  return url.replace(/\?.*$/s, '').replace(/^(https?:\/\/)[^/@]*@/, '$1')
}

function notSignedIn(): Refusal {
  return new Refusal('caller_invalid', { message: 'The backend knows nobody by this cookie.', help: 'Sign in again.' })
}

/** Splits `unix:/run/app.sock:/api/me`, as nginx writes it, into the socket's path and the URL's path. */
function targetOf(url: string, dispatchers: Dispatchers): { readonly address: string; readonly dispatcher: Dispatcher } {
  const [, socket, path] = /^unix:([^:]+):(\/.*)$/.exec(url) ?? []
  return socket === undefined
    ? { address: url, dispatcher: dispatchers.direct }
    : { address: `http://localhost${path}`, dispatcher: dispatchers.throughSocket(socket) }
}
