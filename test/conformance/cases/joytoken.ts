import assert from 'node:assert/strict'
import { askChat, assertWhole, chatBody, headersNamed, oneReached, table } from '../build-cases.js'
import { commonCases } from '../common-cases.js'
import type { ConformanceCase } from '../conformance-case.js'
import { holds, isNumber, isText } from '../expect.js'

const endpoints = table('1.1 Endpoints')
const requestHeaders = table('1.2 Request headers')
const bodies = table('1.3 Request body')
const responseHeaders = table('1.4 Response headers')
const metadata = table('1.5 Response body and governance metadata')
const streams = table('1.6 Streaming')
const errors = table('1.7 Errors')

export const joytoken: readonly ConformanceCase[] = [
  ...commonCases({ credentials: ['header authorization'], streamModel: true, streamUsage: false }),

  endpoints.endpoint(
    'POST /openai/v1/responses',
    'responses',
    { body: { model: 'auto', input: 'Hello' } },
    {
      upstream: '/openai/v1/responses',
      json: { object: 'response', output_text: 'You said: Hello' },
      record: { usage: { input: isNumber, source: 'answer' }, cost: { unit: 'credits' } },
    },
  ),
  endpoints.row('POST /openai/v1/responses, streamed: the metadata record breaks no helper and reaches the record', async (subject) => {
    const answer = await subject.call('responses', { body: { model: 'auto', input: 'Hello', stream: true } })
    assertWhole(answer)
    for (const event of answer.events.slice(0, -1)) holds(event, { type: isText })
    assert.match(answer.text, /^: data: .*"metadata"/m)
    holds(answer.record, { usage: { source: 'stream' }, cost: { unit: 'credits' } })
  }),
  endpoints.endpoint(
    'POST /openai/v1/images/generations',
    'images/generations',
    { body: { model: 'auto', prompt: 'a door' } },
    {
      upstream: '/openai/v1/images/generations',
      json: { data: (data: unknown) => Array.isArray(data) && data.length === 1 },
    },
  ),
  endpoints.endpoint(
    'GET /api/v1/models lies beside the API and comes as a list of models, asked for without a key',
    'models?tier=economy',
    {},
    {
      upstream: '/api/v1/models',
      open: true,
      json: { object: 'list', data: (data: unknown) => Array.isArray(data) && data.length === 1 },
    },
  ),
  endpoints.row('GET /api/v1/models: tier and the other filters pass', async (subject) => {
    await subject.call('models?tier=premium&provider=anthropic&feature_tag=vision&locale=en')
    assert.equal(oneReached(subject).url, '/api/v1/models?tier=premium&provider=anthropic&feature_tag=vision&locale=en')
  }),
  endpoints.liveRow('GET /v1/models: what openai.models.list() reads', async (subject) => {
    const answer = await subject.call('models')
    holds(answer.json, { object: 'list' })
    for (const model of answer.json['data'] as unknown[])
      holds(model, { id: isText, object: 'model', created: isNumber, owned_by: (text: unknown) => typeof text === 'string' })
  }),
  endpoints.row('GET /api/v1/models, its other envelope for errors → 503 gateway_unavailable', async (subject) => {
    const answer = await subject.call('models?emulate=catalogue_unavailable')
    assert.deepEqual([answer.status, answer.error.code], [503, 'gateway_unavailable'])
  }),
  endpoints.endpoint(
    'GET /api/v1/models/meta asks for a key and gets it',
    'models/meta',
    {},
    { upstream: '/api/v1/models/meta', json: { code: 0 } },
  ),
  endpoints.endpoint('GET /api/v1/pricing asks for a key and gets it', 'pricing', {}, { upstream: '/api/v1/pricing', json: { code: 0 } }),

  requestHeaders.requestHeader('a header that no document names', 'X-Custom', 'is stripped'),
  requestHeaders.requestHeader('X-Forwarded-For', 'X-Forwarded-For', 'is stripped'),
  requestHeaders.requestHeader('X-Real-IP', 'X-Real-IP', 'is stripped'),
  requestHeaders.requestHeader('X-Real-IP with an underscore', 'X_Real_IP', 'is stripped'),
  requestHeaders.requestHeader('X-DAOE-Request-ID', 'X-DAOE-Request-ID', 'is stripped'),
  requestHeaders.row(
    'X-API-Key wins over Authorization, so a client’s is refused in every spelling, and only one is sent',
    async (subject) => {
      for (const name of ['X-API-Key', 'x_api_key', 'X-Api_Key']) {
        const answer = await subject.call('chat/completions', { body: chatBody(subject), headers: { [name]: 'old-key' } })
        assert.deepEqual([answer.status, answer.error.code, subject.reached().length], [400, 'credential_in_request', 0])
      }
      await askChat(subject)
      const seen = oneReached(subject)
      assert.deepEqual([headersNamed(seen, 'x-api-key'), seen.credentials.length], [[], 1])
    },
  ),
  requestHeaders.row('Content-Type: application/json', async (subject) => {
    await askChat(subject)
    assert.deepEqual(headersNamed(oneReached(subject), 'content-type'), ['application/json'])
  }),

  bodies.bodyMember('model auto is routed', { model: 'auto' }),
  bodies.row('model may be left out', async (subject) => {
    const answer = await subject.call('chat/completions', { body: { messages: [{ role: 'user', content: 'Hello' }] } })
    assert.equal(answer.status, 200)
    assert.equal(answer.record?.model_requested, undefined)
  }),
  bodies.bodyMember('a concrete model passes', { model: 'openai/gpt-4o-mini' }),
  bodies.bodyMember('tier, a member of its own, passes', { tier: 'economy' }),
  bodies.error('an unknown tier is 403 policy_rejected', 'policy_rejected', { status: 403, code: 'gateway_policy_refused' }),
  bodies.bodyMember('temperature, top_p and max_tokens pass', { temperature: 1.5, top_p: 0.5, max_tokens: 100 }),
  bodies.bodyMember('user, which becomes the routing session, passes', { user: 'session-7' }),
  bodies.bodyMember('tools, tool_choice and stop pass', { tools: [], tool_choice: 'auto', stop: ['.'] }),
  bodies.bodyMember('metadata of the caller passes', { metadata: { workflow: 'support-agent', threadId: 'thread-42' } }),
  bodies.row('a body over 8 MiB → 413 body_too_large, before it is sent', async (subject) => {
    const answer = await subject.call('chat/completions', { body: chatBody(subject, { body: { padding: 'x'.repeat(8 * 1024 * 1024) } }) })
    assert.deepEqual([answer.status, answer.error.code], [413, 'body_too_large'])
    assert.deepEqual(subject.reached(), [])
  }),
  bodies.error('empty messages', 'invalid_request_error', {
    status: 400,
    code: 'request_malformed',
    message: /messages must not be empty/,
  }),

  responseHeaders.responseHeader('X-DAOE-Used-Model', {}, 'X-DAOE-Used-Model', /gpt/),
  responseHeaders.responseHeader('X-DAOE-Used-Provider', {}, 'X-DAOE-Used-Provider', /openai/),
  responseHeaders.responseHeader('X-DAOE-Failover', { named: 'failover', stream: true }, 'X-DAOE-Failover', /true/),
  responseHeaders.recorded('X-DAOE-Failover', { named: 'failover', stream: true }, { failover: true, provider: isText }),
  responseHeaders.recorded('X-DAOE-Used-Model and -Provider', { stream: true }, { model: 'openai/gpt-4o-mini', provider: 'openai' }),

  metadata.recorded(
    'metadata as an object: credits, tier and tokens',
    {},
    { tier: 'standard', cost: { unit: 'credits', amount: isNumber }, usage: { input: 6, source: 'answer' } },
  ),
  metadata.recorded('metadata as an array', { named: 'metadata-array' }, { tier: 'standard', cost: { unit: 'credits', amount: isNumber } }),
  metadata.recorded(
    'no metadata: the record has what the rest says',
    { named: 'without-metadata' },
    { cost: undefined, usage: { source: 'answer' } },
  ),
  metadata.recorded(
    'a plan of several tasks: their credits are one sum',
    { named: 'orchestration' },
    { cost: { unit: 'credits', amount: isNumber } },
  ),
  metadata.row('metadata.request_id is ours again, so the record does not repeat it', async (subject) => {
    const answer = await askChat(subject)
    holds(answer.json, { metadata: { request_id: answer.header('x-request-id') } })
    assert.equal(answer.record?.gateway_request_id, undefined)
  }),
  metadata.row('the body passes with its metadata, byte for byte', async (subject) => {
    const answer = await askChat(subject)
    holds(answer.json, { metadata: { billing: { credits_used: isText } }, choices: (choices: unknown) => Array.isArray(choices) })
  }),
  metadata.row('a failed run in an HTTP 200 → 502 gateway_failed', async (subject) => {
    const answer = await askChat(subject, { named: 'error-in-200' })
    assert.deepEqual([answer.status, answer.error.code], [502, 'gateway_failed'])
  }),

  streams.row('the metadata record before [DONE] gets choices: []', async (subject) => {
    const answer = await askChat(subject, { stream: true })
    assertWhole(answer)
    holds(answer.events.at(-2), { choices: [], metadata: { billing: { credits_used: isText } } })
  }),
  streams.row('the metadata record before the text gets choices: [] as well', async (subject) => {
    const answer = await askChat(subject, { named: 'metadata-first', stream: true })
    assertWhole(answer)
    holds(answer.events[0], { choices: [], metadata: { billing: { credits_used: isText } } })
  }),
  streams.row('a metadata record that has choices: [] passes as it came', async (subject) => {
    const answer = await askChat(subject, { named: 'metadata-with-choices', stream: true })
    assertWhole(answer)
    assert.equal(answer.text.match(/"choices":\[\]/g)?.length, 1)
    holds(answer.record, { cost: { unit: 'credits' }, tier: 'standard' })
  }),
  streams.recorded(
    'no usage in the chunks: metadata.billing stands in',
    { stream: true },
    { usage: { input: 6, source: 'gateway_metadata' }, cost: { unit: 'credits' }, tier: 'standard' },
  ),
  streams.recorded(
    'orchestration chunks pass, and the tasks’ credits are one sum',
    { named: 'orchestration', stream: true },
    { cost: { unit: 'credits', amount: isNumber } },
  ),
  streams.row('an error in the stream passes as it came, and the record says upstream_error', async (subject) => {
    const answer = await askChat(subject, { named: 'stream-error', stream: true })
    assert.equal(answer.status, 200)
    holds(answer.events.at(-1), { error: { type: 'upstream_error' } })
    assert.equal(answer.record?.finish, 'upstream_error')
  }),
  streams.row('an error in place of the first event is an error with a status', async (subject) => {
    const answer = await askChat(subject, { named: 'error-in-200', stream: true })
    assert.deepEqual([answer.status, answer.error.code], [502, 'gateway_failed'])
  }),

  errors.error('401 missing_api_key is our key, not the caller’s', 'missing_api_key', { status: 502, code: 'gateway_key_rejected' }),
  errors.error('403 invalid_api_key is our key, not policy', 'invalid_api_key', { status: 502, code: 'gateway_key_rejected' }),
  errors.error('402 insufficient_quota', 'insufficient_quota', { status: 402, code: 'gateway_out_of_credit' }),
  errors.error('403 policy_rejected', 'policy_rejected', { status: 403, code: 'gateway_policy_refused' }),
  errors.error('404', 'not_found', { status: 404, code: 'request_malformed' }),
  errors.error('405', 'method_not_allowed', { status: 405, code: 'request_malformed' }),
  errors.error('429, reserved', 'rate_limited', { status: 429, code: 'gateway_rate_limited' }),
  errors.error('500 stream_error', 'stream_error', { status: 502, code: 'gateway_failed' }),
  errors.error('502 routing_error', 'routing_error', { status: 502, code: 'gateway_failed' }),
  errors.error('502 upstream_error', 'upstream_error', { status: 502, code: 'gateway_failed' }),
  errors.error('503 upstream_error', 'upstream_error_503', { status: 503, code: 'gateway_unavailable' }),
  errors.error('504 upstream_error', 'upstream_error_504', { status: 504, code: 'gateway_timeout' }),
]
