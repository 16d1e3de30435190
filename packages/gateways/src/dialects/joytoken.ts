import { plainFormat, responsesFormat } from '../answer-format.js'
import type { Dialect } from '../dialect.js'
import { chatEndpoints, get, post } from '../endpoints.js'
import { defaultWaits } from '../retry-rules.js'

/**
 * JoyToken.
 *
 * If both arrive, it reads `X-API-Key` and not `Authorization`; and it trusts forwarding headers for its address
 * rules. So no client may send either (authentication; routing; guardrails). Its `metadata` is documented as an
 * object, but the live gateway sends an array: both are read. Its catalogue of models lies outside the API path,
 * needs no key and has its own envelope (models; errors).
 */
export const joytoken = {
  id: 'joytoken',
  title: 'JoyToken',
  documentation: 'https://docs-dev.joytokens.ai/open-api/api-guides/overview',
  baseURL: 'https://api.joytokens.ai/openai/v1',
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  requestHeaders: [],
  endpoints: {
    ...chatEndpoints,
    responses: post(responsesFormat),
    'images/generations': post(plainFormat),
    models: {
      ...get(),
      path: '/api/v1/models',
      open: true,
      catalogue: { items: '/data/models[]', id: ['/model_key', '/modelKey'], ownedBy: ['/provider'], failure: '/code' },
    },
    'models/meta': { ...get(), path: '/api/v1/models/meta' },
    pricing: { ...get(), path: '/api/v1/pricing' },
  },
  chatCeilings: ['/max_tokens'],
  operatorPaths: [],
  maxJsonBytes: 8 * 1024 * 1024,
  governance: {
    passedHeaders: ['x-daoe-'],
    headers: {
      requestId: 'x-daoe-request-id',
      model: 'x-daoe-used-model',
      provider: 'x-daoe-used-provider',
      failover: ['x-daoe-failover'],
    },
    body: {
      requestId: ['/metadata[]/request_id'],
      model: ['/metadata[]/model'],
      tier: ['/metadata[]/tier'],
      cost: { amount: '/metadata[]/billing/credits_used', fixedUnit: 'credits' },
      usage: {
        source: 'gateway_metadata',
        input: ['/metadata[]/billing/input_tokens'],
        output: ['/metadata[]/billing/output_tokens'],
        cached: ['/metadata[]/billing/cached_input_tokens'],
        reasoning: [],
        total: [],
      },
    },
    recordMembers: ['metadata', 'orchestration'],
  },
  errors: {
    message: ['/error/message', '/message'],
    code: ['/error/code'],
    type: ['/error/type'],
    reference: ['/error/request_id'],
    rules: [
      { status: 403, name: 'invalid_api_key', means: 'gateway_key_rejected' },
      { status: 200, name: 'insufficient_quota', means: 'gateway_out_of_credit' },
      { status: 200, name: 'policy_rejected', means: 'gateway_policy_refused' },
    ],
  },
  retries: {
    ...defaultWaits,
    after: [
      // Not `upstream_error`: its documents advise a retry after this 503, but do not say that no provider ran the
      // call.
      { status: 502, name: 'routing_error', because: 'its documents say so: no model was chosen, so none ran' },
    ],
  },
  keyPattern: /^jt_\S+$/,
  keyVariable: 'JOY_TOKEN_API_KEY',
} as const satisfies Dialect
