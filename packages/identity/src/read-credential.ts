import { countUpTo, packedBody, refuseKeyInTarget, refuseKeyInValue, rememberNames, trimBlanks } from '@postern/core'
import { isApiKeyHeader, isKeyHeader, looksLikeKey } from '@postern/gateways'
import { type Arrival, Refusal } from '@postern/ports'
import type { Credential } from './credential.js'

/**
 * The kind of a header, by its name. `key`: for an API key. `authorization`, `content-type`, `idempotency-key`: may stand
 * only once. `packed`: `Content_Encoding`, which some servers take for `Content-Encoding`. `elsewhere`: see
 * {@link elsewhere}; its value is not searched for keys.
 */
type Kind = 'key' | 'authorization' | 'content-type' | 'idempotency-key' | 'packed' | 'elsewhere' | 'other'

/** Takes the caller's credential out of a request. */
export type ReadCredential = (arrival: Arrival) => Credential

/**
 * Reads the caller's own credential from a request to the API.
 *
 * @throws {Refusal} 400 `credential_in_request` if a header, a query parameter or the path carries an API key; 415
 *   `media_type_unsupported` if a header `Content_Encoding` says that the body is compressed; 400 `request_malformed` if
 *   `Authorization`, `Content-Type` or `Idempotency-Key` is repeated, or there are too many parameters or cookies; 401 `caller_missing` if `Authorization` is empty, 401
 *   `caller_invalid` if its scheme is neither `Bearer` nor `DPoP`.
 */
export function readCredential(arrival: Arrival): Credential {
  const credential = readHeaders(arrival, refuseAnyKey)
  refuseKeyInTarget(arrival)
  if (credential.form === 'cookie' && countUpTo(maxCookies, credential.text, ';,') === maxCookies)
    throw new Refusal('request_malformed', { message: `The request has more than ${maxCookies} cookies.`, param: 'Cookie' })
  return credential
}

/** The most cookies of a request, and of pieces between commas: each is hashed before anybody is identified. Browsers keep 180 of a site. */
const maxCookies = 500

/** The same for a request to the backend. It may carry the backend's own tokens: only a header for API keys is refused. */
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

/** The refusal of an unknown credential: if it looks like a gateway's key, says so; otherwise `fallback`. */
export function refuseUnknown({ text }: Credential, fallback: Refusal): Refusal {
  return looksLikeKey(text.trim()) ? new Refusal('credential_in_request', { param: 'Authorization' }) : fallback
}

function readAuthorization(authorization: string): Credential {
  if (authorization === '') throw new Refusal('caller_missing')
  const space = authorization.indexOf(' ')
  const scheme = authorization.slice(0, Math.max(space, 0)).toLowerCase()
  if (scheme !== 'bearer' && scheme !== 'dpop') {
    throw new Refusal('caller_invalid', { message: 'The Authorization header is of neither form, "Bearer …" or "DPoP …".' })
  }
  const text = trimBlanks(authorization.slice(space + 1))
  if (text === '') throw new Refusal('caller_missing')
  return { form: scheme, text }
}

function twofold(param: string): Refusal {
  return new Refusal('request_malformed', { message: `There is more than one ${param} header.`, param })
}

/**
 * Headers with credentials for somewhere else: for the backend, or from a proxy or platform in front of Postern, such as
 * the user that a load balancer signed in; and DPoP proofs. No gateway gets these headers.
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
