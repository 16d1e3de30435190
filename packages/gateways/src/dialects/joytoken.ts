import { plainFormat, responsesFormat } from '../answer-format.js'
import type { Dialect } from '../dialect.js'
import { chatEndpoints, post } from '../endpoints.js'

/**
 * JoyToken.
 *
 * It reads `X-API-Key` before `Authorization` when both arrive, and trusts forwarding headers for its
 * address rules, so neither may come from a client (authentication; routing; guardrails). Its `metadata` is
 * documented as an object and sent as an array by the live gateway: both are read.
 */
export const joytoken = {
  id: 'joytoken',
  title: 'JoyToken',
  documentation: 'https://docs-dev.joytokens.ai/open-api/api-guides/overview',
  baseURL: 'https://api.joytokens.ai/openai/v1',
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  stripRequestHeaders: ['x-daoe-*'],
  endpoints: { ...chatEndpoints, responses: post(responsesFormat), 'images/generations': post(plainFormat) },
  operatorPaths: [],
  governance: {
    passedHeaders: ['x-daoe-'],
    headers: { model: 'x-daoe-used-model', provider: 'x-daoe-used-provider', failover: ['x-daoe-failover'] },
    body: {
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
    recordMembers: ['metadata'],
  },
  errors: {
    message: ['/error/message', '/message'],
    code: ['/error/code'],
    type: ['/error/type'],
    rules: [
      { status: 403, name: 'invalid_api_key', means: 'gateway_key_rejected' },
      { status: 200, name: 'insufficient_quota', means: 'gateway_out_of_credit' },
      { status: 200, name: 'policy_rejected', means: 'gateway_policy_refused' },
    ],
  },
  keyPattern: /^jt_\S+$/,
  keyVariable: 'JOY_TOKEN_API_KEY',
} as const satisfies Dialect
