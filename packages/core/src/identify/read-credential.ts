import { looksLikeKey } from '@postern/gateways'
import type { Arrival } from '../arrival.js'
import { keyHeaders } from '../key-headers.js'
import { Refusal } from '../refusal.js'
import type { Credential } from './credential.js'

const namesOfKeys = new Set(keyHeaders)

/** Query parameters of the same kind. */
const keyParameters = new Set(['key', 'api_key', 'api-key', 'apikey', 'access_token', 'provider_key', 'x-api-key'])

/** What a header's name says: a key, one of the headers that may stand only once, or nothing of interest. */
type Kind = 'key' | 'authorization' | 'content-type' | 'other'

const kinds = new Map<string, Kind>()
const rememberedNames = 4096
const longestRemembered = 64

/**
 * Takes the caller's own credential out of the request.
 *
 * @throws {Refusal} `credential_in_request` where a header or query parameter carries an API key,
 *   `request_malformed` where there are two credentials, `caller_invalid` where it is of no form that is known.
 */
export function readCredential(arrival: Arrival): Credential {
  let authorizations = 0
  let contentTypes = 0
  for (let index = 0; index < arrival.rawHeaders.length; index += 2) {
    const kind = kindOf(arrival.rawHeaders[index] as string)
    if (kind === 'key') throw new Refusal('credential_in_request', { param: arrival.rawHeaders[index] as string })
    if (kind === 'authorization') authorizations += 1
    if (kind === 'content-type') contentTypes += 1
  }
  if (arrival.query !== '') refuseKeyInQuery(arrival.query)
  if (authorizations > 1)
    throw new Refusal('request_malformed', { message: 'There is more than one Authorization header.', param: 'Authorization' })
  if (contentTypes > 1)
    throw new Refusal('request_malformed', { message: 'There is more than one Content-Type header.', param: 'Content-Type' })
  const { authorization, cookie } = arrival.headers
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

function refuseKeyInQuery(query: string): void {
  for (const name of new URLSearchParams(query).keys()) {
    if (keyParameters.has(name.toLowerCase())) throw new Refusal('credential_in_request', { param: name })
  }
}

function kindOf(name: string): Kind {
  const known = kinds.get(name)
  if (known !== undefined) return known
  const normal = name.toLowerCase().replaceAll('_', '-')
  const kind = kindOfNormal(normal)
  // Names come from clients, so what is remembered is bounded.
  if (name.length <= longestRemembered && kinds.size < rememberedNames) kinds.set(name, kind)
  return kind
}

function kindOfNormal(name: string): Kind {
  if (namesOfKeys.has(name) || name.endsWith('-api-key')) return 'key'
  return name === 'authorization' || name === 'content-type' ? name : 'other'
}
