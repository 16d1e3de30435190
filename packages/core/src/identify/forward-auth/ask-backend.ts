import { isUtf8 } from 'node:buffer'
import { nameFault } from '@postern/protocol'
import { fetchBounded, type FetchedAnswer, type Road, throughSocket } from '../../fetch-bounded.js'
import type { Principal } from '../../principal.js'
import { Refusal } from '../../refusal.js'
import { type ClaimPath, readClaim } from '../claim-path.js'
import { readClaims, UnreadableClaims } from '../read-claims.js'

/** Where an answer says who somebody is. */
export interface IdentityPlaces {
  /** Members of its JSON body. */
  readonly claims: { readonly user: ClaimPath; readonly team?: ClaimPath | undefined; readonly project?: ClaimPath | undefined }
  /** Its headers, where the backend answers with those; then its body is not read. */
  readonly answerHeaders?: { readonly user: string; readonly team?: string | undefined; readonly project?: string | undefined } | undefined
}

export interface AskBackendOptions extends IdentityPlaces {
  /** `http://127.0.0.1:3000/api/me`, or `unix:/run/app.sock:/api/me`. */
  readonly url: string
  readonly timeoutMs: number
}

/** The largest answer that is read, in bytes. */
const maxAnswerBytes = 64 * 1024

/**
 * Asks the backend whose cookie it is.
 *
 * @throws {Refusal} `caller_invalid` where it says that nobody is signed in, in whichever of the usual ways: 401, 403,
 *   a redirect to where one signs in, or no name; `caller_check_unavailable` where it gives no answer that means
 *   anything. Never anonymous.
 */
export type AskBackend = (headers: Readonly<Record<string, string>>) => Promise<Principal>

export function createAskBackend({ url, timeoutMs, ...places }: AskBackendOptions): AskBackend {
  const { address, road } = targetOf(url)
  const place = placeOf(url)
  return async (headers) => {
    const answer = await ask(address, road, headers, timeoutMs)
    const { status } = answer
    if (status === 401 || status === 403 || (status >= 300 && status < 400)) throw notSignedIn()
    if (status < 200 || status > 299) throw unusable(place, `answered ${status}, and callers.forwardAuth.url is to answer 2xx, 401 or 403`)
    const names =
      places.answerHeaders === undefined ? readBody(answer, places.claims, place) : readHeaders(answer, places.answerHeaders, place)
    if (names.user === undefined) throw notSignedIn()
    return { ...names, via: 'forwardAuth', caller: 'forwardAuth', delegate: false }
  }
}

async function ask(
  address: string,
  road: Road | undefined,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<FetchedAnswer> {
  try {
    return await fetchBounded(address, {
      headers: { ...headers, accept: 'application/json' },
      maxBytes: maxAnswerBytes,
      signal: AbortSignal.timeout(timeoutMs),
      ...(road === undefined ? {} : { road }),
    })
  } catch (error) {
    throw new Refusal('caller_check_unavailable', { retryAfterSeconds: 1, cause: error })
  }
}

type Names = Pick<Principal, 'user' | 'team' | 'project'>

function readBody({ body }: FetchedAnswer, { user, team, project }: IdentityPlaces['claims'], place: string): Names {
  const claims = parse(body, place)
  // An application that knows nobody says null, or nothing.
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

/** undici gives a header's bytes as Latin-1; names are UTF-8, as they are in JSON. */
function readUtf8(value: string): string | undefined {
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** An answer that says nothing of who somebody is. What was asked is in the log, without its query. */
function unusable(place: string, what: string): Refusal {
  return new Refusal('caller_check_unavailable', { cause: `GET ${place} ${what}.` })
}

function placeOf(url: string): string {
  return url.replace(/\?.*$/s, '').replace(/^(https?:\/\/)[^/@]*@/, '$1')
}

function notSignedIn(): Refusal {
  return new Refusal('caller_invalid', { message: 'The backend knows nobody by this cookie.', help: 'Sign in again.' })
}

/** nginx writes sockets so: the path of the socket, a colon, the path of the URL. */
function targetOf(url: string): { readonly address: string; readonly road?: Road } {
  const [, socket, path] = /^unix:([^:]+):(\/.*)$/.exec(url) ?? []
  return socket === undefined ? { address: url } : { address: `http://localhost${path}`, road: throughSocket(socket) }
}
