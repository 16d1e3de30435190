import { originPattern } from '@postern/protocol'
import { checkSameSite, type ReadHeader } from './check-same-site.js'
import { DeskRefusal } from './desk-refusal.js'
import { narrowSession } from './narrow-session.js'
import { readAsked } from './read-asked.js'
import type { MintRequest, Mints } from './session-minter.js'

/** Whose sessions a route gives, and what they are good for. */
export interface SessionRouteOptions<Request> {
  /** From `createSessionMinter`, or `createAdminClient`. */
  readonly minter: Mints
  /**
   * Says who asks, as your application knows it, and what the session is good for at most; `undefined` is nobody.
   * What it throws is answered as your framework answers faults, and gives no session.
   */
  readonly whoIs: (request: Request) => MintRequest | undefined | null | Promise<MintRequest | undefined | null>
  /**
   * Origins of pages that may ask, besides the one that the `Host` header says; also that one, where a proxy
   * rewrites `Host`. Default none.
   */
  readonly origins?: readonly string[]
}

/** What of a request both forms have. */
export interface Asking {
  readonly method: string | undefined
  readonly header: ReadHeader
  /** Text, or what a parser of the application's made of it. */
  readonly readBody: () => Promise<unknown>
}

export interface DeskAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** @throws What `whoIs` throws; {@link TypeError} where it grants what a session cannot say. */
export type SessionDesk<Request> = (request: Request, asking: Asking) => Promise<DeskAnswer>

/**
 * The route of a backend that gives its users sessions, whatever framework it stands in.
 *
 * @throws {TypeError} where `origins` has what is no origin.
 */
export function createSessionDesk<Request>({ minter, whoIs, origins = [] }: SessionRouteOptions<Request>): SessionDesk<Request> {
  const odd = origins.find((origin) => !originPattern.test(origin))
  if (odd !== undefined) throw new TypeError(`"origins" has "${odd}"; an origin is what browsers write, such as "https://app.example.com".`)

  async function give(request: Request, { method, header, readBody }: Asking): Promise<object> {
    if (method !== 'POST') throw new DeskRefusal('method_not_allowed')
    checkSameSite(header, origins)
    const granted = await whoIs(request)
    if (granted === undefined || granted === null) throw new DeskRefusal('caller_missing', 'Nobody is signed in.')
    const asked = readAsked(await readBody(), header('content-type'))
    const bound = narrowSession(bindToPage(granted, header('origin')), asked, minter.ttlSeconds)
    const { token, id, expiresAt } = await minter.mint(bound)
    const expiresIn = expiresAt - Math.floor(Date.now() / 1000)
    return { token, id, token_type: bound.jkt === undefined ? 'Bearer' : 'DPoP', expires_at: expiresAt, expires_in: expiresIn }
  }

  return async (request, asking) => {
    try {
      return answer(201, await give(request, asking))
    } catch (error) {
      if (!(error instanceof DeskRefusal)) throw error
      return answer(error.status, error.envelope, error.code === 'method_not_allowed' ? { Allow: 'POST' } : {})
    }
  }
}

/** The page that asks is the one that it is for. Applications that are no web pages have origins of other forms, and `whoIs` can say them. */
function bindToPage(granted: MintRequest, origin: string | undefined): MintRequest {
  const isWebPage = origin !== undefined && origin.startsWith('http') && originPattern.test(origin)
  return granted.origin === undefined && isWebPage ? { ...granted, origin } : granted
}

function answer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): DeskAnswer {
  const common = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }
  return { status, headers: { ...common, ...headers }, body: JSON.stringify(body) }
}
