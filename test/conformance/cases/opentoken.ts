import assert from 'node:assert/strict'
import { askChat, assertWhole, headersNamed, oneReached, table } from '../build-cases.js'
import { commonCases } from '../common-cases.js'
import type { ConformanceCase } from '../conformance-case.js'
import { holds, isNumber, isText } from '../expect.js'

const endpoints = table('2.1 Endpoints')
const requestHeaders = table('2.2 Request headers')
const bodies = table('2.4 Body fields')
const errors = table('2.5 Errors')
const streams = table('2.6 Streaming')

export const opentoken: readonly ConformanceCase[] = [
  ...commonCases({ credentials: ['header authorization'], streamModel: true, streamUsage: true }),

  endpoints.endpoint(
    'POST /v1/embeddings',
    'embeddings',
    { body: { model: 'google/text-embedding-004', input: 'a door' } },
    {
      upstream: '/v1/embeddings',
      json: { object: 'list', data: (data: unknown) => Array.isArray(data) },
      record: { usage: { input: isNumber } },
    },
  ),
  endpoints.endpoint(
    'POST /v1/embeddings: task_type and dimensions pass',
    'embeddings',
    {
      body: { model: 'google/text-embedding-004', input: 'a door', task_type: 'RETRIEVAL_QUERY', dimensions: 256 },
    },
    { upstream: '/v1/embeddings', json: { data: (data: unknown) => (data as { embedding: unknown[] }[])[0]?.embedding.length === 256 } },
  ),
  endpoints.endpoint(
    'GET /v1/models asks for a key and gets it',
    'models',
    {},
    {
      upstream: '/v1/models',
      json: { object: 'list', data: (data: unknown) => (data as { pricing: unknown }[]).every(({ pricing }) => pricing !== undefined) },
    },
  ),
  endpoints.liveRow('GET /v1/models: what openai.models.list() reads', async (subject) => {
    holds((await subject.call('models')).json, { object: 'list', data: (data: unknown) => Array.isArray(data) && data.length > 0 })
  }),
  endpoints.notOffered('GET /health lies outside the API, and is not offered', '../health', [404, 'not_found']),

  requestHeaders.row('Authorization: Bearer and nothing else', async (subject) => {
    await askChat(subject)
    assert.deepEqual(
      oneReached(subject).credentials.map(({ where }) => where),
      ['header authorization'],
    )
  }),
  requestHeaders.row('Content-Type: application/json', async (subject) => {
    await askChat(subject)
    assert.deepEqual(headersNamed(oneReached(subject), 'content-type'), ['application/json'])
  }),
  requestHeaders.requestHeader('X-Forwarded-For', 'X-Forwarded-For', 'is stripped'),
  requestHeaders.requestHeader('Cookie', 'Cookie', 'is stripped'),

  bodies.row('no member is ever added: unknown ones may be refused', async (subject) => {
    await askChat(subject, { stream: true })
    assert.deepEqual(Object.keys(oneReached(subject).json as object), ['model', 'messages', 'stream'])
  }),
  bodies.bodyMember('model is {provider}/{model}', { model: 'anthropic/claude-sonnet-4-5' }),
  bodies.bodyMember('sampling extras pass', { top_k: 40, top_a: 0.1, min_p: 0.05, repetition_penalty: 1.1 }),
  bodies.bodyMember('max_completion_tokens, reasoning and reasoning_effort pass', {
    max_completion_tokens: 50,
    reasoning: { effort: 'low' },
    reasoning_effort: 'low',
  }),
  bodies.bodyMember('service_tier and user pass', { service_tier: 'flex', user: 'u_7' }),
  bodies.bodyMember('stream_options passes, and is ignored there', { stream_options: { include_usage: false } }),
  bodies.bodyMember('tools with google/* pass', { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'auto' }),
  bodies.row('tools with anthropic/* are 400 unsupported_parameter, its own words and code', async (subject) => {
    const answer = await askChat(subject, { body: { model: 'anthropic/claude-sonnet-4-5', tools: [] } })
    assert.deepEqual([answer.status, answer.error.code, answer.header('x-should-retry')], [400, 'unsupported_parameter', 'false'])
  }),
  bodies.row('an unknown member is a 400 with its own words', async (subject) => {
    const answer = await askChat(subject, { body: { tier: 'economy' } })
    assert.deepEqual([answer.status, answer.error.code, answer.error.message], [400, 'request_malformed', 'invalid request body'])
  }),
  bodies.recorded(
    'usage: details are inside the totals',
    {},
    { usage: { input: 6, cached: 0, reasoning: 0, total: isNumber, source: 'answer' } },
  ),

  errors.error('400 model_not_found', 'model_not_found', { status: 400, code: 'model_not_found', message: /model not found/ }),
  errors.error('400 without a code', 'invalid_request_error', { status: 400, code: 'request_malformed' }),
  errors.error('400 unsupported_parameter', 'unsupported_parameter', { status: 400, code: 'unsupported_parameter' }),
  errors.error('400 embeddings_unsupported', 'embeddings_unsupported', {
    status: 400,
    code: 'embeddings_unsupported',
    path: 'embeddings',
    body: { input: 'x' },
  }),
  errors.error('401 missing_auth', 'missing_auth', { status: 502, code: 'gateway_key_rejected' }),
  errors.error('401 invalid_key', 'invalid_key', { status: 502, code: 'gateway_key_rejected' }),
  errors.error('401 expired_key', 'expired_key', { status: 502, code: 'gateway_key_rejected' }),
  errors.error('402 insufficient_credit, whose type is a wrong request’s', 'insufficient_credit', {
    status: 402,
    code: 'gateway_out_of_credit',
  }),
  errors.error('404 not_found', 'not_found', { status: 404, code: 'not_found' }),
  errors.error('429 spend_limit_exceeded is the key’s own limit', 'spend_limit_exceeded', { status: 402, code: 'gateway_out_of_credit' }),
  errors.error('429 upstream_error is throttling', 'upstream_error', { status: 429, code: 'gateway_rate_limited' }),
  errors.error('529, a status of the provider, kept as it came', 'upstream_error_529', { status: 503, code: 'gateway_unavailable' }),
  errors.error('500, its event_id for the log', 'api_error', {
    status: 502,
    code: 'gateway_failed',
    cause: /4f1c2a9be07d4c0f9a5d2f3b6e8c7d10/,
  }),
  errors.error('502 vertex_auth_failed is not the caller’s key', 'vertex_auth_failed', { status: 502, code: 'gateway_failed' }),
  errors.error('503 no_supplier', 'no_supplier', { status: 503, code: 'gateway_unavailable' }),
  errors.error('504 upstream_timeout', 'upstream_timeout', { status: 504, code: 'gateway_timeout' }),
  errors.row('the words that speak to the operator do not reach the client', async (subject) => {
    for (const named of ['insufficient_credit', 'invalid_key', 'vertex_auth_failed']) {
      const answer = await askChat(subject, { named })
      assert.doesNotMatch(answer.error.message ?? '', /credit balance|api key|authenticate to/)
    }
  }),

  streams.row('the usage chunk, choices: [], stands right before [DONE], always', async (subject) => {
    const answer = await askChat(subject, { stream: true })
    assertWhole(answer)
    holds(answer.events.at(-2), { choices: [], usage: { total_tokens: isNumber } })
  }),
  streams.recorded('the usage chunk', { stream: true }, { usage: { input: 6, total: isNumber, source: 'stream' }, model: isText }),
  streams.row('the first delta has the role, the last a finish reason', async (subject) => {
    const answer = await askChat(subject, { stream: true })
    holds(answer.events[0], { choices: (choices: unknown) => (choices as { delta: { role: string } }[])[0]?.delta.role === 'assistant' })
    holds(answer.events.at(-3), { choices: (choices: unknown) => (choices as { finish_reason: string }[])[0]?.finish_reason === 'stop' })
  }),
  streams.row('a late failure is a plain data line before [DONE], and the record says upstream_error', async (subject) => {
    const answer = await askChat(subject, { named: 'stream-error', stream: true })
    holds(answer.events.at(-2), { error: { code: 'upstream_error' } })
    assert.deepEqual([answer.events.at(-1), answer.record?.finish, answer.cut], ['[DONE]', 'upstream_error', false])
  }),
]
