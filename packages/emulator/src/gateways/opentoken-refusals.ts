import type { Refusal } from '../refusal.js'

/** OpenToken docs, "Errors": `{error:{message,type,code}}`. 402 and 429 share a `type` with 400, so `code` is what tells them apart. */
export const OPENTOKEN_REFUSALS = {
  invalid_request_error: row(
    400,
    'invalid_request_error',
    null,
    'invalid request body',
    'malformed body, unknown field, or schema failure',
  ),
  model_not_found: row(400, 'invalid_request_error', 'model_not_found', 'model not found', 'a model id that is not registered'),
  unsupported_parameter: row(
    400,
    'invalid_request_error',
    'unsupported_parameter',
    'tools are not supported for this model',
    'tools with an Anthropic model',
  ),
  embeddings_unsupported: row(
    400,
    'invalid_request_error',
    'embeddings_unsupported',
    'this model does not support embeddings',
    'embeddings from a model that has none',
  ),
  missing_auth: row(401, 'authentication_error', 'missing_auth', 'missing or malformed authorization header', 'no Bearer credential'),
  invalid_key: row(401, 'authentication_error', 'invalid_key', 'invalid api key', 'an unknown or revoked key'),
  expired_key: row(401, 'authentication_error', 'expired_key', 'api key has expired', 'a key past its expires_at'),
  insufficient_credit: row(
    402,
    'invalid_request_error',
    'insufficient_credit',
    'insufficient credit balance',
    'the workspace has no credit',
  ),
  not_found: row(404, 'invalid_request_error', 'not_found', 'not found', 'no such route'),
  spend_limit_exceeded: row(
    429,
    'invalid_request_error',
    'spend_limit_exceeded',
    'api key spend limit exceeded',
    'the spend limit of this one key is reached',
  ),
  upstream_error: row(429, 'upstream_error', 'upstream_error', 'the provider is throttling requests', 'the provider throttles'),
  upstream_error_529: row(
    529,
    'upstream_error',
    'upstream_error',
    'the provider is overloaded',
    'a status of the provider, kept as it came',
  ),
  api_error: {
    status: 500,
    body: { error: { message: 'internal error', type: 'api_error', code: null }, event_id: '4f1c2a9be07d4c0f9a5d2f3b6e8c7d10' },
    summary: 'internal failure; the body carries an event_id',
  },
  vertex_auth_failed: row(
    502,
    'upstream_error',
    'vertex_auth_failed',
    'could not authenticate to the provider',
    'the gateway could not sign in to Vertex; not the key of the caller',
  ),
  no_supplier: row(503, 'upstream_error', 'no_supplier', 'no supplier available', 'no provider is available'),
  upstream_timeout: row(504, 'upstream_error', 'upstream_timeout', 'the provider timed out', 'the provider missed the deadline'),
} as const satisfies Record<string, Refusal>

export type OpenTokenRefusal = keyof typeof OPENTOKEN_REFUSALS

function row(status: number, type: string, code: string | null, message: string, summary: string): Refusal {
  return { status, body: { error: { message, type, code } }, summary }
}
