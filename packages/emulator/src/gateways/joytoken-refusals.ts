import type { Refusal } from '../refusal.js'

/** JoyToken docs, API guides, "Errors": `{error:{message,type}}`. Clients should rely on `type`. */
export const JOYTOKEN_REFUSALS = {
  invalid_request_error: row(400, 'invalid_request_error', 'messages must not be empty', 'bad JSON, empty messages, or a body over 8 MiB'),
  missing_api_key: row(401, 'missing_api_key', 'missing api key', 'no credential'),
  insufficient_quota: row(402, 'insufficient_quota', 'insufficient quota', 'daily or weekly key quota used up, or the tier wallet empty'),
  invalid_api_key: row(403, 'invalid_api_key', 'invalid api key', 'the key is unknown or not active'),
  policy_rejected: row(403, 'policy_rejected', 'requested tier is not allowed', 'refused by the key policy: tier, model, or address'),
  not_found: row(404, 'not_found', 'not found', 'wrong URL or model'),
  method_not_allowed: row(405, 'method_not_allowed', 'method not allowed', 'wrong method'),
  rate_limited: row(429, 'rate_limit_exceeded', 'rate limit exceeded', 'kept in the API for compatibility'),
  stream_error: row(500, 'stream_error', 'streaming is not supported by the response writer', 'the deployment cannot stream'),
  routing_error: row(502, 'routing_error', 'no usable model', 'no usable model, or the routing service failed'),
  upstream_error: row(502, 'upstream_error', 'provider call failed', 'the provider call failed'),
  upstream_error_503: row(503, 'upstream_error', 'downstream service unavailable', 'a downstream service is unavailable'),
  upstream_error_504: row(504, 'upstream_error', 'downstream deadline exceeded', 'a downstream deadline passed'),
  /** The model catalogue is served by another service, with an envelope of its own. */
  catalogue_unavailable: {
    status: 503,
    body: { code: 50_300, message: 'admin-bff not available' },
    summary: 'the model catalogue is down (on GET /api/v1/models ask with ?emulate=catalogue_unavailable)',
  },
} as const satisfies Record<string, Refusal>

export type JoyTokenRefusal = keyof typeof JOYTOKEN_REFUSALS

function row(status: number, type: string, message: string, summary: string): Refusal {
  return { status, body: { error: { message, type } }, summary }
}
