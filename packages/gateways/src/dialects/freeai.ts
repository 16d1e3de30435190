import { plainFormat, responsesFormat } from '../answer-format.js'
import type { Dialect } from '../dialect.js'
import { chatEndpoints, unmeasured, get, post } from '../endpoints.js'
import { defaultWaits } from '../retry-rules.js'

/** A video that is being made; its maker asks whether it is ready. */
const task = { owner: 'caller', kind: 'task', ids: ['/id', '/task_id'] } as const

/**
 * Free AI Gateway, self-hosted on Workers.
 *
 * Every generation needs a project id. The header wins over the body, and an empty header hides a good body
 * (`src/index.ts`), so the project of the key goes into the header and a client's is dropped. JSON answers carry
 * `x_gateway`; streams carry `x-gateway-*` headers instead. A body that does not fit the schema is refused in another
 * envelope, whose message is JSON inside a text. Calls are counted per address, so all callers of a sidecar share one
 * limit (`src/state/ip-rate-limit-do.ts`).
 *
 * Its list of models has its own shape (`buildModelListResponse`) and accepts no method but GET. The answer about a
 * video names the path of its status in `poll_url`, a path of the gateway itself.
 *
 * `usage_retriable` is not retried: the gateway gives this class to a throttled provider, to a provider that timed
 * out and to every 5xx of one (`src/router/classify-error.ts`), and asks up to two providers before it answers, so
 * the call may have run.
 */
export const freeai = {
  id: 'freeai',
  title: 'Free AI Gateway',
  documentation: 'https://github.com/sass-maker/free-ai',
  baseURL: 'https://ai-gateway.sassmaker.com/v1',
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  project: { header: 'X-Gateway-Project-Id', pattern: /^[a-zA-Z0-9._:-]{1,64}$/, bodyMember: 'project_id' },
  requestHeaders: [],
  endpoints: {
    ...chatEndpoints,
    responses: post(responsesFormat),
    embeddings: unmeasured,
    models: { ...get(), open: true, catalogue: { items: '/data[]', id: ['/id'], ownedBy: ['/provider'] } },
    'images/generations': post(plainFormat),
    'videos/generations': { ...unmeasured, object: { ...task, role: 'creates' } },
    'videos/generations/{id}': { ...get(), object: { ...task, role: 'names' } },
    'audio/speech': post(plainFormat),
    'audio/transcriptions': { ...post(plainFormat), media: true },
    'audio/speech-to-speech': { ...post(plainFormat), media: true },
  },
  chatCeilings: ['/max_tokens'],
  operatorPaths: ['debug', 'benchmark', 'routing', 'provider-quotas', 'dashboard', 'budget', 'analytics', 'stats'],
  addressLimit: { burst: 10, perMinute: 20, exceeded: { status: 429, name: 'rate_limit_error' } },
  governance: {
    passedHeaders: ['x-gateway-', 'x-ratelimit-', 'x-degraded-mode'],
    headers: {
      requestId: 'x-gateway-request-id',
      model: 'x-gateway-model',
      provider: 'x-gateway-provider',
      failover: ['x-degraded-mode'],
      attempts: 'x-gateway-attempts',
    },
    body: {
      requestId: ['/x_gateway/request_id'],
      model: ['/x_gateway/model'],
      provider: ['/x_gateway/provider'],
      attempts: ['/x_gateway/attempts'],
    },
    recordMembers: ['x_gateway'],
  },
  errors: {
    message: ['/error/message'],
    code: ['/error/code'],
    type: ['/error/type'],
    rules: [{ name: 'provider_quota_exhausted', means: 'gateway_out_of_credit' }],
  },
  retries: {
    ...defaultWaits,
    after: [
      { status: 429, name: 'rate_limit_error', because: 'too many came from this address, so it was not begun' },
      { status: 503, name: 'no_candidate', because: 'no model was healthy enough to be asked, and none was' },
    ],
  },
  keyPattern: /^(fai_[A-Za-z0-9_-]{43}|gw_\S+)$/,
  keyVariable: 'GATEWAY_API_KEY',
} as const satisfies Dialect
