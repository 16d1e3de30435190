import type { Dialect } from '../dialect.js'
import { chatEndpoints, unmeasured, get } from '../endpoints.js'
import { defaultWaits } from '../retry-rules.js'

/**
 * OpenToken.
 *
 * Its 402 and its spend-limit 429 have the same `type` as a wrong request, so `code` decides (limits). A failure of a
 * provider keeps the provider's status, under the code `upstream_error`.
 */
export const opentoken = {
  id: 'opentoken',
  title: 'OpenToken',
  documentation: 'https://opentoken.kr/docs/api-reference/overview',
  baseURL: 'https://api.opentoken.kr/v1',
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  requestHeaders: [],
  endpoints: { ...chatEndpoints, embeddings: unmeasured, models: get() },
  operatorPaths: [],
  governance: { passedHeaders: [], headers: {}, body: {}, recordMembers: [] },
  errors: {
    message: ['/error/message'],
    code: ['/error/code'],
    type: ['/error/type'],
    reference: ['/event_id'],
    rules: [
      { name: 'insufficient_credit', means: 'gateway_out_of_credit' },
      { name: 'spend_limit_exceeded', means: 'gateway_out_of_credit' },
      { status: 429, name: 'upstream_error', means: 'gateway_rate_limited' },
      { name: 'upstream_timeout', means: 'gateway_timeout' },
      { name: 'no_supplier', means: 'gateway_unavailable' },
      { status: 503, name: 'upstream_error', means: 'gateway_unavailable' },
      { status: 529, name: 'upstream_error', means: 'gateway_unavailable' },
      { status: 504, name: 'upstream_error', means: 'gateway_timeout' },
      { name: 'upstream_error', means: 'gateway_failed' },
    ],
  },
  retries: {
    ...defaultWaits,
    after: [
      { status: 429, name: 'upstream_error', because: 'its documents say so: the provider throttled it, so it was not begun' },
      { status: 503, name: 'no_supplier', because: 'no provider was there to run it' },
      // Not the 503 and 529 of `upstream_error`: the status comes from the provider or a proxy before it, and does
      // not show whether the call ran.
    ],
  },
  keyPattern: /^sk-optk-\S+$/,
  keyVariable: 'OPENTOKEN_API_KEY',
} as const satisfies Dialect
