import type { HeaderField } from './header-field.js'

/** A credential as it arrived: `where` is e.g. `header authorization` or `query key`; `value` comes without its scheme word. */
export interface SeenCredential {
  where: string
  value: string
}

const HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-provider-key',
  'x-goog-api-key',
  'x-auth-token',
  'x-access-token',
  'cookie',
])
const PARAMETERS = new Set(['key', 'api_key', 'apikey', 'api-key', 'access_token', 'token', 'authorization', 'x-api-key', 'provider_key'])

/**
 * Every credential in a request, whichever header or query parameter it came in. Anything that contains one of the `known` secrets
 * counts too, wherever it stands.
 */
export function credentialsIn(headers: readonly HeaderField[], query: URLSearchParams, known: readonly string[]): SeenCredential[] {
  const carriesKnown = (value: string) => known.some((secret) => secret !== '' && value.includes(secret))
  const found: SeenCredential[] = []
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (HEADERS.has(lower) || carriesKnown(value)) found.push({ where: `header ${lower}`, value: withoutScheme(lower, value) })
  }
  for (const [name, value] of query) {
    if (PARAMETERS.has(name.toLowerCase()) || carriesKnown(value)) found.push({ where: `query ${name}`, value })
  }
  return found
}

function withoutScheme(header: string, value: string): string {
  return header.endsWith('authorization') ? value.replace(/^(?:bearer|basic|token|dpop)\s+/i, '') : value
}
