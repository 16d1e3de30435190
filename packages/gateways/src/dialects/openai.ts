import type { Dialect } from '../dialect.js'
import { openaiEndpoints } from '../openai-endpoints/openai-endpoints.js'
import { defaultWaits } from '../retry-rules.js'

/** Any gateway that follows the OpenAI API. */
export const openai = {
  id: 'openai',
  title: 'OpenAI-compatible gateway',
  documentation: 'https://platform.openai.com/docs/api-reference',
  baseURL: undefined,
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  requestHeaders: ['x-client-request-id'],
  endpoints: openaiEndpoints,
  operatorPaths: ['organization', 'projects', 'webhook_endpoints', 'webhook_event_types', 'vaults', 'safety', 'fine_tuning/checkpoints'],
  endMark: 'optional',
  streamUsage: 'asked',
  governance: { passedHeaders: ['openai-', 'x-ratelimit-'], headers: {}, body: {}, recordMembers: [] },
  errors: {
    message: ['/error/message', '/message', '/detail', '/error'],
    code: ['/error/code', '/code'],
    type: ['/error/type', '/type'],
    nullCode: true,
    rules: [{ status: 429, name: 'insufficient_quota', means: 'gateway_out_of_credit' }],
  },
  // A 503 may come from a proxy in between, after the gateway got the request.
  retries: { ...defaultWaits, after: [] },
  keyPattern: /^sk-\S+$/,
  keyVariable: 'OPENAI_API_KEY',
} as const satisfies Dialect
