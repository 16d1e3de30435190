import { nameFault } from './plain-name.js'
import { readSessionBounds, sessionBoundClaims, type SessionBounds, sessionToken, thumbprintPattern } from './session-token.js'

/** Thrown for a session that cannot be asked for. Any other `TypeError` is a fault of the program, not of who asked. */
export class SessionFault extends TypeError {}

/** The owner of a session (at least one of user, team and project) and its bounds. */
export interface SessionRequest extends SessionBounds {
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
  /**
   * The SHA-256 thumbprint (RFC 7638) of a key. With every request, the client must prove that it has the key (RFC
   * 9449). Without `jkt`, anybody who has the token can use it.
   */
  readonly jkt?: string | undefined
  /**
   * Set if the page that asks for the session has chosen its `workflow`, which then leads to no gateway key: bindings by workflow do not
   * match. Default: whoever mints the session vouches for it.
   */
  readonly workflowOfPage?: true | undefined
  /**
   * Data of the application itself: any JSON value of at most 4096 bytes of UTF-8. Postern neither reads nor enforces it.
   */
  readonly ext?: unknown
}

/** The id and the lifetime of a session. */
export interface SessionLife {
  /** Unique. The ledger records it, and a revocation names it. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Builds the claims of a session token; the caller signs them.
 *
 * @throws {SessionFault} if the request asks for what a session cannot express. An unknown member is refused too: a
 *   restriction that Postern does not enforce must not look enforced.
 */
export function sessionClaims(request: SessionRequest, { id, issuedAt, expiresAt }: SessionLife): Record<string, unknown> {
  const { user, team, project, jkt, ext, origin, models, endpoints, workflow, workflowOfPage, maxTokens, maxCalls, maxSpend, ...unknown } =
    request
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) throw unknownMember(stranger, sessionFields)
  const bounds = sessionBoundClaims({ origin, models, endpoints, workflow, maxTokens, maxCalls, maxSpend })
  const read = readSessionBounds(bounds)
  if ('fault' in read) throw new SessionFault(boundForms[read.fault])
  checkEndpointNames(endpoints ?? [])
  if (jkt !== undefined && !(typeof jkt === 'string' && thumbprintPattern.test(jkt)))
    throw new SessionFault('"jkt" is the SHA-256 thumbprint of a public key, in base64url (RFC 7638).')
  const names = Object.entries({ sub: user, team, project }).filter(([, name]) => name !== undefined)
  if (names.length === 0) throw new SessionFault('A session is for a user, a team or a project; name at least one.')
  for (const [field, name] of names) {
    const fault = typeof name === 'string' ? nameFault(name) : 'is not a text'
    if (fault !== undefined) throw new SessionFault(`"${field === 'sub' ? 'user' : field}" is no name: it ${fault}.`)
  }
  if (workflowOfPage !== undefined && (workflowOfPage as unknown) !== true)
    throw new SessionFault('"workflowOfPage" is true, or is left out.')
  if (ext !== undefined && !isSmallJson(ext)) throw new SessionFault(`"ext" is a JSON value of at most ${mostExtBytes} bytes.`)
  return {
    ...Object.fromEntries(names),
    ...bounds,
    ...(jkt === undefined ? {} : { cnf: { jkt } }),
    ...(ext === undefined ? {} : { ext }),
    ...(workflowOfPage === true && workflow !== undefined ? { iss: sessionToken.chosenByPage } : {}),
    aud: sessionToken.audience,
    jti: id,
    iat: issuedAt,
    exp: expiresAt,
  }
}

/** Members of a request in JavaScript. Over HTTP, some of them have the names in `overHttp`. */
const sessionFields = [
  'user',
  'team',
  'project',
  'jkt',
  'ext',
  'origin',
  'models',
  'endpoints',
  'workflow',
  'workflowOfPage',
  'maxTokens',
  'maxCalls',
  'maxSpend',
  'ttl',
]
const overHttp: Readonly<Record<string, string>> = {
  maxTokens: 'max_tokens',
  maxCalls: 'max_calls',
  maxSpend: 'max_spend',
  workflowOfPage: 'workflow_of_page',
}

const strange = ' cannot be said of a session'

function unknownMember(stranger: string, known: readonly string[]): SessionFault {
  const letters = (name: string): string => name.replaceAll(/[^a-z]/gi, '').toLowerCase()
  const meant = known.find((name) => letters(name) === letters(stranger) || letters(name) === `${letters(stranger)}s`)
  const what = meant === undefined ? 'it would not be enforced' : `"${meant}" is probably meant`
  return new SessionFault(`"${stranger.slice(0, 64).replaceAll('"', '')}"${strange}; ${what}.`)
}

/**
 * Translates an error of {@link sessionClaims} for a request over HTTP, which must name members as they are written
 * there.
 */
export function sessionFaultOverHttp({ message }: SessionFault): { readonly message: string; readonly param?: string } {
  const [, named, rest] = /^"([^"]+)"(.*)$/s.exec(message) ?? []
  if (named === undefined || rest === undefined) return { message }
  if (rest.endsWith(twice)) return { message, param: named }
  // An unknown member keeps the name that the request used.
  const param = rest.startsWith(strange) ? named : (overHttp[named] ?? named)
  return {
    message: `"${param}"${rest.replaceAll(/"(\w+)"/g, (quoted, name: string) => (name in overHttp ? `"${overHttp[name]}"` : quoted))}`,
    param,
  }
}

/**
 * Longest `ext`, in bytes of UTF-8: the token travels in a header with every request, and servers read 16 KiB of headers.
 */
const mostExtBytes = 4096

function isSmallJson(value: unknown): boolean {
  try {
    // `JSON.stringify` returns `undefined` for a function or a symbol, although its type says otherwise.
    const text = JSON.stringify(value) as string | undefined
    return text !== undefined && text.length <= mostExtBytes && bytesOf(text) <= mostExtBytes
  } catch {
    return false
  }
}

/** The length in UTF-8. Every escape of a URL is one byte; `JSON.stringify` leaves no half of a character. */
function bytesOf(text: string): number {
  return encodeURIComponent(text).replaceAll(/%../g, '.').length
}

const boundForms: Readonly<Record<string, string>> = {
  origin: '"origin" is what browsers write, such as "https://app.example.com".',
  models: '"models" is a list of 1 to 100 names; "*" stands for any characters.',
  endpoints: '"endpoints" is a list of 1 to 100 paths such as "chat/completions"; "*" stands for any characters.',
  max_tokens: '"maxTokens" is a whole number above 0.',
  max_calls: '"maxCalls" is a whole number above 0.',
  max_spend: '"maxSpend" is an amount above 0 with its unit, such as "2 USD".',
  workflow: '"workflow" has 1 to 64 letters, digits, underscores and hyphens.',
}

/** A name that no endpoint can have would look like a permission and allow nothing. */
function checkEndpointNames(names: readonly string[]): void {
  const odd = names.find((name) => /^\/|^v1\/|\/$/.test(name))
  if (odd === undefined) return
  const plain = odd.replace(/^\/+/, '').replace(/^v1\//, '').replace(/\/+$/, '')
  throw new SessionFault(
    `"endpoints" holds paths as they stand below /v1/, without a slash at either end, such as "${plain === '' ? '*' : plain}".`,
  )
}

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Reads a lifetime, in seconds or as a text such as `30s`, `10m` or `2h`. Returns seconds.
 *
 * @throws {SessionFault} if it is not a whole number above 0, or not such a text.
 */
export function sessionSeconds(ttl: unknown): number {
  const [, number, unit = ''] = typeof ttl === 'string' ? (/^(\d+)([smhd])$/.exec(ttl) ?? []) : []
  const seconds = typeof ttl === 'number' ? ttl : Number(number) * (secondsPerUnit[unit] ?? Number.NaN)
  if (!Number.isInteger(seconds) || seconds < 1)
    throw new SessionFault('"ttl" is a whole number of seconds, or a text such as "30s", "10m" or "2h".')
  return seconds
}

/**
 * Reads the request for a session over HTTP: a JSON object with `user`, `team`, `project`, `ttl`, `jkt`, `ext`, and
 * bounds under the names of their claims or of {@link SessionRequest}.
 *
 * @throws {SessionFault} if a bound is given under both names. All other faults are found by {@link sessionClaims}.
 */
export function readSessionRequest(members: Readonly<Record<string, unknown>>): SessionRequest & { readonly ttl?: number | string } {
  for (const [claim, name] of boundsOfTwoNames) {
    if (Object.hasOwn(members, claim) && Object.hasOwn(members, name)) throw new SessionFault(`"${claim}" and "${name}"${twice}`)
  }
  const named = boundsOfTwoNames.map(([claim, name]) => [name, Object.hasOwn(members, claim) ? members[claim] : members[name]] as const)
  const others = Object.entries(members).filter(([member]) => !boundsOfTwoNames.some(([claim]) => claim === member))
  return Object.fromEntries([...others, ...named.filter(([, bound]) => bound !== undefined)]) as SessionRequest
}

const twice = ' are one bound, which is said once.'
const boundsOfTwoNames = [
  ['max_tokens', 'maxTokens'],
  ['max_calls', 'maxCalls'],
  ['max_spend', 'maxSpend'],
  ['workflow_of_page', 'workflowOfPage'],
] as const
