import type { Refusal } from '../refusal.js'

const QUOTA = { 'X-Mintoken-Tokens-Used': '2000000', 'X-Mintoken-Tokens-Limit': '2000000' }

/**
 * Mintoken docs, "Errors": its own are `{detail}` or `{error}` with plain text; a provider's error is passed on
 * unchanged.
 */
export const MINTOKEN_REFUSALS = {
  bad_request: row(400, { error: 'Invalid JSON body' }, 'bad body or malformed JSON'),
  missing_provider_key: row(400, { detail: 'Missing X-Provider-Key header' }, 'no X-Provider-Key'),
  missing_api_key: row(401, { detail: 'Missing API key' }, 'no Bearer credential'),
  invalid_api_key: row(401, { detail: 'Invalid API key' }, 'the key is malformed, unknown or revoked'),
  forbidden: row(403, { detail: 'Not allowed' }, 'something of another account'),
  not_found: row(404, { detail: 'Not Found' }, 'unknown endpoint or key id'),
  method_not_allowed: row(405, { detail: 'Method Not Allowed' }, 'wrong method'),
  name_conflict: row(409, { detail: 'An active key with this name already exists' }, 'a key name that is in use'),
  validation_failed: row(
    422,
    { detail: [{ type: 'missing', loc: ['body', 'model'], msg: 'Field required', input: {} }] },
    'a field is missing; detail is a list, as the framework makes it',
  ),
  rate_limited: row(429, { detail: 'Rate limit exceeded' }, 'too many requests in a minute'),
  token_quota_exceeded: { ...row(429, { error: 'token quota exceeded' }, 'the tokens of this month; only the text tells'), headers: QUOTA },
  internal_error: row(500, { error: 'Internal server error' }, 'internal failure'),
  upstream_unparseable: row(502, { error: 'Upstream response could not be parsed' }, 'the answer of the provider was lost or unreadable'),
  unavailable: row(503, { detail: 'Service temporarily unavailable' }, 'a deploy, scaling, or a cold start'),
  upstream_timeout: row(504, { detail: 'Upstream timed out after 120 seconds' }, 'the provider took more than 120 s'),
} as const satisfies Record<string, Refusal>

export type MintokenRefusal = keyof typeof MINTOKEN_REFUSALS

function row(status: number, body: unknown, summary: string): Refusal {
  return { status, body, summary }
}
