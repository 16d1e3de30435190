import { looksLikeKey } from '@postern/gateways'
import type { Arrival } from '../arrival.js'
import { rememberNames } from '../lib/squash-name.js'
import { refuseKeyInTarget, refuseKeyInValue } from '../read/key-in-head.js'
import { isApiKeyHeader, isKeyHeader } from '../read/key-names.js'
import { packedBody } from '../read/strict-content-type.js'
import { Refusal } from '../refusal.js'
import type { Credential } from './credential.js'

/**
 * What a header's name says: a key, a header that may stand only once, one in which proxies, browsers and the backend
 * say what is nobody else's business and which goes no further, or nothing of interest.
 */
type Kind = 'key' | 'authorization' | 'content-type' | 'idempotency-key' | 'packed' | 'elsewhere' | 'other'

/** Takes the caller's credential out of a request. */
export type ReadCredential = (arrival: Arrival) => Credential

/**
 * Takes the caller's own credential out of the request.
 *
 * @throws {Refusal} `credential_in_request` where a header, a query parameter or the path carries an API key,
 *   415
 *   `media_type_unsupported` where a header says that the body is packed, `request_malformed` where there are two credentials, or two of what only one may be, `caller_invalid` where it is of no form that is known.
 */
export function readCredential(arrival: Arrival): Credential {
  const credential = readHeaders(arrival, refuseAnyKey)
  refuseKeyInTarget(arrival)
  return credential
}

/** The same of a request to the backend, which may have tokens of its own in headers and queries: only a header for API keys is refused. */
export function readBackendCredential(arrival: Arrival): Credential {
  return readHeaders(arrival, refuseApiKey)
}

function refuseAnyKey(name: string, value: string, kind: Kind): void {
  if (kind === 'key') throw new Refusal('credential_in_request', { param: name })
  refuseKeyInValue(name, value)
}

function refuseApiKey(name: string, _value: string, kind: Kind): void {
  if (kind === 'key' && isApiKeyHeader(name)) throw new Refusal('credential_in_request', { param: name })
}

function readHeaders({ rawHeaders, headers }: Arrival, refuseKey: typeof refuseAnyKey): Credential {
  let authorizations = 0
  let contentTypes = 0
  let idempotencyKeys = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    const kind = kindOf(name)
    if (kind === 'elsewhere') continue
    if (kind === 'packed') throw packedBody()
    if (kind === 'authorization') authorizations += 1
    else {
      refuseKey(name, rawHeaders[index + 1] as string, kind)
      if (kind === 'content-type') contentTypes += 1
      else if (kind === 'idempotency-key') idempotencyKeys += 1
    }
  }
  if (authorizations > 1) throw twofold('Authorization')
  if (contentTypes > 1) throw twofold('Content-Type')
  if (idempotencyKeys > 1) throw twofold('Idempotency-Key')
  const { authorization, cookie } = headers
  if (authorizations > 0) return readAuthorization(authorization ?? '')
  return cookie === undefined || cookie === '' ? nothing : { form: 'cookie', text: cookie }
}

const nothing: Credential = { form: 'none', text: '' }

/** What a credential that nobody recognises gets: a client that sent a gateway key is told so. */
export function refuseUnknown({ text }: Credential, fallback: Refusal): Refusal {
  return looksLikeKey(text) ? new Refusal('credential_in_request', { param: 'Authorization' }) : fallback
}

function readAuthorization(authorization: string): Credential {
  if (authorization === '') throw new Refusal('caller_missing')
  const space = authorization.indexOf(' ')
  const scheme = authorization.slice(0, Math.max(space, 0)).toLowerCase()
  if (scheme !== 'bearer' && scheme !== 'dpop') {
    throw new Refusal('caller_invalid', { message: 'The Authorization header is of neither form, "Bearer …" or "DPoP …".' })
  }
  const text = authorization.slice(space + 1).trim()
  if (text === '') throw new Refusal('caller_missing')
  return { form: scheme, text }
}

function twofold(param: string): Refusal {
  return new Refusal('request_malformed', { message: `There is more than one ${param} header.`, param })
}

/**
 * Credentials of the backend and of platforms in front of us, such as what a load balancer adds of whom it signed in;
 * and proofs. No gateway gets them.
 */
const elsewhere =
  /^(?:cookie2?|dpop|host|proxy-.*|x-forwarded-.*|x-auth-request-.*|x-amzn-.*|x-ms-(?:token|client-principal).*|x-goog-iap-.*|x-goog-authenticated-.*|cf-.*|sec-.*|x-(?:csrf|xsrf)-token)$/

const kindOf = rememberNames((spelling): Kind => {
  const name = spelling.toLowerCase().replaceAll('_', '-')
  if (elsewhere.test(name)) return 'elsewhere'
  if (isKeyHeader(name)) return 'key'
  if (name === 'content-encoding' && spelling.includes('_')) return 'packed'
  return name === 'authorization' || name === 'content-type' || name === 'idempotency-key' ? name : 'other'
})
