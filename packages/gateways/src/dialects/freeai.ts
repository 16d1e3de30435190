import { plainFormat, responsesFormat } from '../answer-format.js'
import type { Dialect } from '../dialect.js'
import { chatEndpoints, get, post } from '../endpoints.js'

/**
 * Free AI Gateway, self-hosted on Workers.
 *
 * Every generation needs a project id. The header wins over the body and an empty header hides a good body
 * (`src/index.ts`), so the key's own project goes into the header and a client's is dropped. JSON answers
 * carry `x_gateway`; streams carry `x-gateway-*` headers instead.
 */
export const freeai = {
  id: 'freeai',
  title: 'Free AI Gateway',
  documentation: 'https://github.com/sass-maker/free-ai',
  baseURL: 'https://ai-gateway.sassmaker.com/v1',
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  project: { header: 'X-Gateway-Project-Id', pattern: /^[a-zA-Z0-9._:-]{1,64}$/ },
  stripRequestHeaders: ['x-gateway-*', 'cf-connecting-ip'],
  endpoints: {
    ...chatEndpoints,
    responses: post(responsesFormat),
    embeddings: post(plainFormat),
    models: get(),
    'images/generations': post(plainFormat),
    'videos/generations': post(plainFormat),
    'audio/speech': post(plainFormat),
    'audio/transcriptions': post(plainFormat),
    'audio/speech-to-speech': post(plainFormat),
  },
  operatorPaths: ['debug', 'benchmark', 'routing', 'provider-quotas', 'dashboard', 'budget', 'analytics', 'stats'],
  governance: {
    passedHeaders: ['x-gateway-', 'x-ratelimit-', 'x-degraded-mode'],
    headers: { model: 'x-gateway-model', provider: 'x-gateway-provider', failover: ['x-degraded-mode'], attempts: 'x-gateway-attempts' },
    body: { model: ['/x_gateway/model'], provider: ['/x_gateway/provider'], attempts: ['/x_gateway/attempts'] },
    recordMembers: ['x_gateway'],
  },
  errors: {
    message: ['/error/message'],
    code: ['/error/code'],
    type: ['/error/type'],
    rules: [],
  },
  keyPattern: /^(fai_[A-Za-z0-9_-]{43}|gw_\S+)$/,
  keyVariable: 'GATEWAY_API_KEY',
} as const satisfies Dialect
