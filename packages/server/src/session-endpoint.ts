import { originPattern } from '@postern/protocol'
import { checkSameSite, type ReadHeader } from './check-same-site.js'
import { SessionRefusal } from './session-refusal.js'
import { narrowSession } from './narrow-session.js'
import { readAsked } from './read-asked.js'
import type { MintRequest, Mints } from './session-minter.js'

/** Which users a route gives sessions to, and with what bounds. */
export interface SessionRouteOptions<Request> {
  /** From `createSessionMinter`, or `createAdminClient`. */
  readonly minter: Mints
  /**
   * Returns the signed-in user and the widest bounds of the session; `undefined` or `null` if no user is signed in
   * (401). If it throws, no session is given, and your framework answers as it answers errors.
   */
  readonly whoIs: (request: Request) => MintRequest | undefined | null | Promise<MintRequest | undefined | null>
  /**
   * Origins of pages that may ask, besides the origin of the `Host` header. If a proxy rewrites `Host`, list your own
   * origin too. Default none.
   */
  readonly origins?: readonly string[]
}

/** The parts of a request that both forms of the route have. */
export interface Asking {
  readonly method: string | undefined
  readonly header: ReadHeader
  /** Text, or the value that the application's body parser made. */
  readonly readBody: () => Promise<unknown>
}

export interface SessionAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** @throws {TypeError} if `whoIs` grants what a session cannot express; and any error of `whoIs`. */
export type SessionEndpoint<Request> = (request: Request, asking: Asking) => Promise<SessionAnswer>

/**
 * The session route of a backend, without a framework.
 *
 * @throws {TypeError} if an entry of `origins` is not an origin.
 */
export function createSessionEndpoint<Request>({ minter, whoIs, origins = [] }: SessionRouteOptions<Request>): SessionEndpoint<Request> {
  const odd = origins.find((origin) => !originPattern.test(origin))
  if (odd !== undefined) throw new TypeError(`"origins" has "${odd}"; an origin is what browsers write, such as "https://app.example.com".`)

  async function give(request: Request, { method, header, readBody }: Asking): Promise<object> {
    if (method !== 'POST') throw new SessionRefusal('method_not_allowed')
    checkSameSite(header, origins)
    // First the body, because the client decides how long it takes: the user may sign out meanwhile.
    const received = await readBody()
    const granted = await whoIs(request)
    if (granted === undefined || granted === null) throw new SessionRefusal('caller_missing', 'Nobody is signed in.')
    const asked = readAsked(received, header('content-type'))
    const bound = narrowSession(bindToPage(granted, header('origin')), asked, minter.ttlSeconds)
    const { token, id, expiresAt } = await minter.mint(bound)
    const expiresIn = expiresAt - Math.floor(Date.now() / 1000)
    return { token, id, token_type: bound.jkt === undefined ? 'Bearer' : 'DPoP', expires_at: expiresAt, expires_in: expiresIn }
  }

  return async (request, asking) => {
    try {
      return answer(201, await give(request, asking))
    } catch (error) {
      if (!(error instanceof SessionRefusal)) throw error
      return answer(error.status, error.envelope, { ...error.headers, ...(error.code === 'method_not_allowed' ? { Allow: 'POST' } : {}) })
    }
  }
}

/**
 * Binds a session to the page that asks, unless `whoIs` granted an origin. Applications that are not web pages have
 * origins of other forms, which only `whoIs` can grant.
 */
function bindToPage(granted: MintRequest, origin: string | undefined): MintRequest {
  const isWebPage = origin !== undefined && origin.startsWith('http') && originPattern.test(origin)
  return granted.origin === undefined && isWebPage ? { ...granted, origin } : granted
}

function answer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): SessionAnswer {
  const common = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }
  return { status, headers: { ...common, ...headers }, body: JSON.stringify(body) }
}
