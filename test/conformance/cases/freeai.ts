import assert from 'node:assert/strict'
import { askChat, assertWhole, chatBody, headersNamed, oneReached, table } from '../build-cases.js'
import { commonCases } from '../common-cases.js'
import type { ConformanceCase } from '../conformance-case.js'
import { holds, isNumber, isText } from '../expect.js'

const endpoints = table('3.1 Endpoints')
const requestHeaders = table('3.2 Request headers')
const projects = table('3.3 Project id rules')
const bodies = table('3.4 Body fields')
const responseHeaders = table('3.5 Response headers')
const errors = table('3.6 Errors')
const streams = table('3.7 Streaming')

const speech = (): FormData => {
  const form = new FormData()
  form.set('model', 'auto')
  form.set('file', new File([Buffer.alloc(1000, 1)], 'speech.wav', { type: 'audio/wav' }))
  return form
}

export const freeai: readonly ConformanceCase[] = [
  ...commonCases({ credentials: ['header authorization'], streamModel: true, streamUsage: false }),

  endpoints.endpoint(
    'POST /v1/responses',
    'responses',
    { body: { model: 'auto', input: 'Hello' } },
    {
      upstream: '/v1/responses',
      json: { object: 'response' },
      record: { provider: isText, usage: { input: isNumber } },
    },
  ),
  endpoints.row('POST /v1/responses streamed is 400 stream_not_supported, as the code has it', async (subject) => {
    const answer = await subject.call('responses', { body: { model: 'auto', input: 'Hello', stream: true } })
    assert.deepEqual([answer.status, answer.error.code], [400, 'stream_not_supported'])
  }),
  endpoints.endpoint(
    'POST /v1/embeddings',
    'embeddings',
    { body: { model: 'gemini-embedding-001', input: 'a door' } },
    { upstream: '/v1/embeddings', json: { object: 'list' } },
  ),
  endpoints.endpoint(
    'POST /v1/images/generations',
    'images/generations',
    { body: { prompt: 'a door' } },
    { upstream: '/v1/images/generations' },
  ),
  endpoints.error('POST /v1/videos/generations', 'no_video_provider', {
    status: 503,
    code: 'gateway_unavailable',
    path: 'videos/generations',
    body: { prompt: 'a door' },
  }),
  endpoints.notOffered('GET /v1/videos/generations/{id} is answered to who began it, and to nobody else', 'videos/generations/v_1', [
    404,
    'not_found',
  ]),
  endpoints.endpoint(
    'POST /v1/audio/speech: sound, as it came',
    'audio/speech',
    { body: { model: 'auto', input: 'Hello' } },
    {
      upstream: '/v1/audio/speech',
      type: /^audio\/mpeg/,
      record: { provider: isText },
    },
  ),
  endpoints.endpoint(
    'POST /v1/audio/transcriptions: a form, as it came',
    'audio/transcriptions',
    { body: speech() },
    {
      upstream: '/v1/audio/transcriptions',
      json: { bytes: 1000 },
    },
  ),
  endpoints.endpoint(
    'POST /v1/audio/speech-to-speech',
    'audio/speech-to-speech',
    { body: speech() },
    { upstream: '/v1/audio/speech-to-speech', type: /^audio\// },
  ),
  endpoints.endpoint(
    'GET /v1/models is open, and no key goes there',
    'models',
    {},
    { upstream: '/v1/models', open: true, json: { object: 'list' } },
  ),
  endpoints.liveRow('GET /v1/models: what openai.models.list() reads', async (subject) => {
    holds((await subject.call('models')).json, { object: 'list', data: (data: unknown) => Array.isArray(data) && data.length > 0 })
  }),
  ...[
    'analytics',
    'stats/providers',
    'routing/status',
    'provider-quotas',
    'dashboard',
    'budget',
    'benchmark/experiments',
    'debug/replay',
  ].map((path) => endpoints.notOffered(`/v1/${path} is its operator’s, and is not offered`, path, [403, 'endpoint_not_allowed'])),

  requestHeaders.row('Authorization is written “Bearer ”, capital B and one space', async (subject) => {
    await askChat(subject)
    assert.match(headersNamed(oneReached(subject), 'authorization').join(), /^Bearer \S+$/)
  }),
  requestHeaders.requestHeader('X-Gateway-Force-Provider', 'X-Gateway-Force-Provider', 'is stripped'),
  requestHeaders.requestHeader('X-Gateway-Force-Model', 'X-Gateway-Force-Model', 'is stripped'),
  requestHeaders.requestHeader('x-gateway-source-endpoint', 'x-gateway-source-endpoint', 'is stripped'),
  requestHeaders.requestHeader('x-gateway-internal', 'x-gateway-internal', 'is stripped'),
  requestHeaders.requestHeader('cf-connecting-ip, its bucket’s key', 'cf-connecting-ip', 'is stripped'),
  requestHeaders.row('Content-Type: with another type the body would come out empty, so it is refused', async (subject) => {
    const answer = await subject.call('chat/completions', { body: Buffer.from('{}'), headers: { 'content-type': 'text/plain' } })
    assert.deepEqual([answer.status, answer.header('postern-refusal')], [400, 'request_malformed'])
  }),

  projects.row('the project of the key goes into the header', async (subject) => {
    await askChat(subject)
    assert.deepEqual(headersNamed(oneReached(subject), 'x-gateway-project-id'), ['project-acme'])
  }),
  projects.row('a client’s header does not replace it, an empty one neither', async (subject) => {
    for (const name of ['X-Gateway-Project-Id', 'X_Gateway_Project_Id']) {
      for (const value of ['theirs', '']) {
        const answer = await subject.call('chat/completions', { body: chatBody(subject), headers: { [name]: value } })
        assert.equal(answer.status, 200)
        assert.deepEqual(headersNamed(oneReached(subject), 'x-gateway-project-id'), ['project-acme'])
      }
    }
  }),
  projects.row('a body project_id is dropped, also one that the schema would refuse, and not a character beside it', async (subject) => {
    for (const value of ['"theirs"', '"not allowed!"', '7', '{"a":[1]}']) {
      const text = `{"model":"auto", "project_id" : ${value} ,"seed":12345678901234567890,"messages":[{"role":"user","content":"project_id"}]}`
      const answer = await subject.call('chat/completions', { body: Buffer.from(text), headers: { 'content-type': 'application/json' } })
      assert.equal(answer.status, 200, answer.text)
      const sent = oneReached(subject).body.toString('utf8')
      assert.doesNotMatch(sent, /"project_id" ?:/)
      assert.match(sent, /"seed":12345678901234567890,"messages":\[\{"role":"user","content":"project_id"\}\]\}$/)
    }
  }),
  projects.row('an escaped spelling of it is dropped as well', async (subject) => {
    for (const spelling of ['project\\u005fid', 'Project_ID']) {
      const text = `{"model":"auto","${spelling}":"theirs","messages":[{"role":"user","content":"Hello"}]}`
      await subject.call('chat/completions', { body: Buffer.from(text), headers: { 'content-type': 'application/json' } })
      assert.equal(oneReached(subject).body.toString('utf8'), '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}')
    }
  }),
  projects.error('400 invalid_project_id', 'invalid_project_id', { status: 400, code: 'invalid_project_id' }),

  bodies.bodyMember('model defaults to auto', { model: undefined }),
  bodies.bodyMember('reasoning_effort and min_reasoning_level pass', { reasoning_effort: 'low', min_reasoning_level: 'medium' }),
  bodies.bodyMember('temperature, max_tokens, response_format pass', {
    temperature: 1,
    max_tokens: 8192,
    response_format: { type: 'json_object' },
  }),
  bodies.bodyMember('tools and tool_choice pass', { tools: [], tool_choice: 'auto' }),
  bodies.bodyMember('max_tokens beyond its schema is refused there, in its other envelope', { max_tokens: 9000 }, 400),

  responseHeaders.responseHeader('x-gateway-provider, on streams', { stream: true }, 'x-gateway-provider', /\w/),
  responseHeaders.responseHeader('x-gateway-model, on streams', { stream: true }, 'x-gateway-model', /\w/),
  responseHeaders.responseHeader('x-gateway-attempts, on streams', { stream: true }, 'x-gateway-attempts', /^1$/),
  responseHeaders.responseHeader('x-gateway-request-id, on streams', { stream: true }, 'x-gateway-request-id', /^[0-9a-f-]{36}$/),
  responseHeaders.responseHeader('x-degraded-mode', { stream: true, named: 'degraded' }, 'x-degraded-mode', /true/),
  responseHeaders.responseHeader('X-RateLimit-Remaining', {}, 'X-RateLimit-Remaining', /^\d+$/),
  responseHeaders.row('its page security headers do not replace ours', async (subject) => {
    assert.doesNotMatch((await askChat(subject)).header('x-frame-options') ?? '', /DENY/)
  }),
  responseHeaders.row('x-llm-response, which is model output, is in no log', async (subject) => {
    const answer = await subject.call('audio/speech-to-speech', { body: speech() })
    assert.match(decodeURIComponent(answer.header('x-llm-response') ?? ''), /1000 bytes/)
    assert.doesNotMatch(JSON.stringify(subject.entry()), /1000/)
  }),
  responseHeaders.recorded(
    'x_gateway in the body: provider, model, attempts, request id',
    {},
    {
      provider: 'workers_ai',
      model: isText,
      failover: false,
      gateway_request_id: /^[0-9a-f-]{36}$/,
    },
  ),
  responseHeaders.recorded('x_gateway with more than one attempt is a failover', { named: 'degraded' }, { failover: true }),
  responseHeaders.recorded(
    'the same from headers, on streams',
    { stream: true },
    { provider: 'workers_ai', failover: false, gateway_request_id: isText },
  ),

  errors.row('a schema failure has another envelope → 400, and its words in ours', async (subject) => {
    const answer = await askChat(subject, { named: 'schema_validation' })
    assert.deepEqual([answer.status, answer.error.code], [400, 'request_malformed'])
    assert.match(answer.error.message ?? '', /expected array/)
  }),
  ...(['missing_input', 'stream_not_supported', 'invalid_embedding_model', 'missing_file', 'file_too_large', 'no_speech'] as const).map(
    (code) => errors.error(`400 ${code}`, code, { status: 400, code }),
  ),
  errors.error('400 input_nonretriable', 'input_nonretriable', { status: 400, code: 'request_malformed' }),
  errors.error('401 invalid_api_key', 'invalid_api_key', { status: 502, code: 'gateway_key_rejected' }),
  errors.error('404', 'not_found', { status: 404, code: 'request_malformed' }),
  errors.error('429 rate_limit_error, its Retry-After', 'rate_limit_error', {
    status: 429,
    code: 'gateway_rate_limited',
    retryAfter: /^3$/,
  }),
  errors.error('429 usage_retriable', 'usage_retriable', { status: 429, code: 'gateway_rate_limited' }),
  errors.error('501 not_implemented', 'video_poll_pending_upstream', { status: 502, code: 'gateway_failed' }),
  ...(
    [
      'provider_fatal',
      'safety_refusal',
      'provider_error',
      'stt_failed',
      'llm_failed',
      'tts_failed',
      'empty_llm_response',
      'uncaught',
    ] as const
  ).map((named) =>
    errors.error(named === 'uncaught' ? '500 provider_fatal' : `502 ${named}`, named, { status: 502, code: 'gateway_failed' }),
  ),
  errors.error('503 auth_not_configured', 'auth_not_configured', { status: 503, code: 'gateway_unavailable' }),
  errors.error('503 configuration_error', 'configuration_error', { status: 503, code: 'gateway_unavailable' }),
  errors.error('503 no_candidate', 'no_candidate', { status: 503, code: 'gateway_unavailable' }),
  errors.error('503 provider_quota_exhausted: nothing is left of any provider’s quota', 'provider_quota_exhausted', {
    status: 402,
    code: 'gateway_out_of_credit',
  }),
  errors.row('provider text in messages does not reach the client', async (subject) => {
    assert.doesNotMatch((await askChat(subject, { named: 'provider_fatal' })).error.message ?? '', /All providers failed/)
  }),

  streams.row('records, then [DONE], no metadata record in between', async (subject) => {
    const answer = await askChat(subject, { stream: true })
    assertWhole(answer)
    for (const event of answer.events.slice(0, -1)) holds(event, { object: 'chat.completion.chunk' })
  }),
  streams.row('a failure in the stream is followed by [DONE], and the record says upstream_error', async (subject) => {
    const answer = await askChat(subject, { named: 'stream-error', stream: true })
    holds(answer.events.at(-2), { error: { type: 'stream_error' } })
    assert.deepEqual([answer.events.at(-1), answer.record?.finish], ['[DONE]', 'upstream_error'])
  }),
]
