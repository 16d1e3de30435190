import { looksLikeKey } from '@postern/gateways'
import type { Arrival } from '../arrival.js'
import { isKeyHeader, isKeyParameter } from '../read/key-names.js'
import { looseName, partsOf } from '../lib/query-names.js'
import { Refusal } from '../refusal.js'
import type { Credential } from './credential.js'

/**
 * What a header's name says: a key, a header that may stand only once, a spelling of one that only some servers
 * read, or nothing of interest.
 */
type Kind = 'key' | 'authorization' | 'content-type' | 'idempotency-key' | 'twin' | 'other'

const kinds = new Map<string, Kind>()
const rememberedNames = 4096
const longestRemembered = 64

/**
 * Takes the caller's own credential out of the request.
 *
 * @throws {Refusal} `credential_in_request` where a header or query parameter carries an API key,
 *   `request_malformed` where there are two credentials, or two of what only one may be, `caller_invalid` where it is of no form that is known.
 */
export function readCredential(arrival: Arrival): Credential {
  let authorizations = 0
  let contentTypes = 0
  let idempotencyKeys = 0
  for (let index = 0; index < arrival.rawHeaders.length; index += 2) {
    const kind = kindOf(arrival.rawHeaders[index] as string)
    if (kind === 'other') continue
    if (kind === 'key') throw new Refusal('credential_in_request', { param: arrival.rawHeaders[index] as string })
    if (kind === 'authorization') authorizations += 1
    else if (kind === 'content-type') contentTypes += 1
    else if (kind === 'idempotency-key') idempotencyKeys += 1
    else throw twofold(arrival.rawHeaders[index] as string)
  }
  if (arrival.query !== '') refuseKeyInQuery(arrival.query)
  if (authorizations > 1) throw twofold('Authorization')
  if (contentTypes > 1) throw twofold('Content-Type')
  if (idempotencyKeys > 1) throw twofold('Idempotency-Key')
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

function twofold(param: string): Refusal {
  const message = param.includes('_') ? `${param} is written with hyphens.` : `There is more than one ${param} header.`
  return new Refusal('request_malformed', { message, param })
}

/** Every name of a key speaks of a key, a token or an authorization, or is escaped. */
const mayNameKey = /%|key|token|auth/i

function refuseKeyInQuery(query: string): void {
  if (!mayNameKey.test(query)) return
  for (const pair of partsOf(query)) {
    const name = looseName(pair)
    if (isKeyParameter(name)) throw new Refusal('credential_in_request', { param: name })
  }
}

function kindOf(name: string): Kind {
  const known = kinds.get(name)
  if (known !== undefined) return known
  const kind = kindOfSpelling(name.toLowerCase())
  // Names come from clients, so what is remembered is bounded.
  if (name.length <= longestRemembered && kinds.size < rememberedNames) kinds.set(name, kind)
  return kind
}

function kindOfSpelling(lowerCase: string): Kind {
  if (isKeyHeader(lowerCase)) return 'key'
  const name = lowerCase.replaceAll('_', '-')
  if (name === 'content-encoding' && name !== lowerCase) return 'twin'
  return name === 'authorization' || name === 'content-type' || name === 'idempotency-key' ? name : 'other'
}
