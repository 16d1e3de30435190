import assert from 'node:assert/strict'
import { askChat, assertWhole, chatBody, headersNamed, oneReached, table } from '../build-cases.js'
import { commonCases } from '../common-cases.js'
import type { ConformanceCase } from '../conformance-case.js'
import { holds, isNumber, isText } from '../expect.js'

const endpoints = table('5.1 Endpoints')
const requestHeaders = table('5.2 Request headers')
const responseHeaders = table('5.3 Response headers')
const bodies = table('5.4 Body handling')
const errors = table('5.5 Errors')
const streams = table('5.6 Streaming')

const anthropic = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }
const google = { model: 'gemini-2.0-flash', contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] }

export const mintoken: readonly ConformanceCase[] = [
  ...commonCases({ credentials: ['header authorization', 'header x-provider-key'], streamModel: true, streamUsage: false }),

  endpoints.endpoint(
    'POST /v1/messages, Anthropic’s form',
    'messages',
    { body: anthropic, headers: { 'anthropic-version': '2023-06-01' } },
    {
      upstream: '/v1/messages',
      json: { type: 'message', role: 'assistant' },
      record: { model: 'claude-sonnet-4-5', usage: { input: isNumber, output: isNumber, source: 'answer' } },
    },
  ),
  endpoints.endpoint(
    'POST /v1/generateContent, Google’s form, the model in the body',
    'generateContent',
    { body: google },
    {
      upstream: '/v1/generateContent',
      json: { candidates: (candidates: unknown) => Array.isArray(candidates) },
      record: { model: 'gemini-2.0-flash', usage: { input: isNumber, output: isNumber, source: 'answer' } },
    },
  ),
  endpoints.notOffered(
    '/v1/playground/compare takes a provider key in its body, and is not offered',
    'playground/compare',
    [403, 'endpoint_not_allowed'],
    { body: {} },
  ),
  endpoints.notOffered('/v1/auth/keys is the account holder’s, and is not offered', 'auth/keys', [403, 'endpoint_not_allowed'], {
    body: {},
  }),
  endpoints.notOffered('/v1/auth/login is the account holder’s, and is not offered', 'auth/login', [403, 'endpoint_not_allowed'], {
    body: {},
  }),
  endpoints.notOffered('/v1/analytics/summary is the account holder’s, and is not offered', 'analytics/summary', [
    403,
    'endpoint_not_allowed',
  ]),
  endpoints.notOffered('/v1/rules is the account holder’s, and is not offered', 'rules', [403, 'endpoint_not_allowed']),

  requestHeaders.row('X-Provider-Key goes with the key, on all three endpoints, both from the server', async (subject) => {
    for (const [path, body] of [
      ['chat/completions', chatBody(subject)],
      ['messages', anthropic],
      ['generateContent', google],
    ] as const) {
      await subject.call(path, { body })
      const seen = oneReached(subject)
      assert.deepEqual(
        seen.credentials.map(({ where }) => where),
        ['header authorization', 'header x-provider-key'],
      )
      assert.deepEqual(headersNamed(seen, 'x-provider-key'), [subject.keys[1]])
    }
  }),
  requestHeaders.requestHeader('X-Mintoken-Intensity, which is policy’s to say', 'X-Mintoken-Intensity', 'is stripped'),
  requestHeaders.requestHeader('X_Mintoken_Intensity', 'X_Mintoken_Intensity', 'is stripped'),
  requestHeaders.row('?intensity= says the same, and goes', async (subject) => {
    const answer = await subject.call('chat/completions?intensity=ultra&other=1', { body: chatBody(subject) })
    assert.equal(answer.header('x-mintoken-intensity'), 'full')
    assert.equal(oneReached(subject).url, '/v1/chat/completions?other=1')
  }),
  requestHeaders.requestHeader('anthropic-beta', 'anthropic-beta', 'passes'),
  requestHeaders.row('anthropic-version passes', async (subject) => {
    await subject.call('messages', { body: anthropic, headers: { 'anthropic-version': '2023-06-01' } })
    assert.deepEqual(headersNamed(oneReached(subject), 'anthropic-version'), ['2023-06-01'])
  }),
  requestHeaders.row('Content-Type: application/json', async (subject) => {
    await askChat(subject)
    assert.deepEqual(headersNamed(oneReached(subject), 'content-type'), ['application/json'])
  }),

  responseHeaders.responseHeader('X-Mintoken-Intensity', {}, 'X-Mintoken-Intensity', /^full$/),
  responseHeaders.responseHeader('X-Mintoken-Intensity, before a stream', { stream: true }, 'X-Mintoken-Intensity', /^full$/),
  responseHeaders.responseHeader('X-Mintoken-Duration-Ms', {}, 'X-Mintoken-Duration-Ms', /^\d+$/),
  responseHeaders.responseHeader('X-Mintoken-Tokens-Used, near the limit', { named: 'near-limit' }, 'X-Mintoken-Tokens-Used', /^1950000$/),
  responseHeaders.recorded('X-Mintoken-Intensity and -Duration-Ms', {}, { intensity: 'full', gateway_ms: isNumber }),
  responseHeaders.recorded(
    'X-Mintoken-Intensity: none, where smart detection bypassed it',
    { named: 'intensity-none' },
    { intensity: 'none' },
  ),
  responseHeaders.recorded('X-Mintoken-Tokens-Used', { named: 'near-limit' }, { quota: { used: 1_950_000, unit: 'tokens' } }),
  responseHeaders.row('X-Mintoken-Tokens-Used and -Limit on a 429 reach client and record', async (subject) => {
    const answer = await askChat(subject, { named: 'token_quota_exceeded' })
    assert.deepEqual([answer.header('x-mintoken-tokens-used'), answer.header('x-mintoken-tokens-limit')], ['2000000', '2000000'])
    holds(answer.record, { quota: { used: 2_000_000, limit: 2_000_000, unit: 'tokens' } })
  }),

  bodies.bodyMember('an OpenAI body is the provider’s own', { stream_options: { include_usage: true }, stream: true, n: 1 }),
  bodies.row('an Anthropic body is the provider’s own', async (subject) => {
    await subject.call('messages', { body: { ...anthropic, system: 'be brief', thinking: { type: 'disabled' } } })
    assert.deepEqual(oneReached(subject).json, { ...anthropic, system: 'be brief', thinking: { type: 'disabled' } })
  }),
  bodies.row('a Google body is the provider’s own', async (subject) => {
    await subject.call('generateContent', { body: { ...google, systemInstruction: { parts: [{ text: 'be brief' }] } } })
    assert.deepEqual(oneReached(subject).json, { ...google, systemInstruction: { parts: [{ text: 'be brief' }] } })
  }),
  bodies.row('a body over 10 MB, the largest of any plan → 413 body_too_large', async (subject) => {
    const answer = await askChat(subject, { body: { padding: 'x'.repeat(10_000_000) } })
    assert.deepEqual([answer.status, answer.error.code, subject.reached().length], [413, 'body_too_large', 0])
  }),
  bodies.row('provider_key in a body is a key that a client submits', async (subject) => {
    const answer = await askChat(subject, { body: { provider_key: 'sk-0123456789' } })
    assert.deepEqual([answer.status, answer.error.code, subject.reached().length], [400, 'credential_in_request', 0])
  }),

  errors.error('400 bad body, in {error: text}', 'bad_request', { status: 400, code: 'request_malformed', message: /Invalid JSON body/ }),
  errors.error('400 Missing X-Provider-Key is our configuration', 'missing_provider_key', {
    status: 502,
    code: 'gateway_key_rejected',
    cause: /provider key/,
  }),
  errors.error('401 Missing API key', 'missing_api_key', { status: 502, code: 'gateway_key_rejected' }),
  errors.error('401 Invalid API key: the log says it is the gateway’s', 'invalid_api_key', {
    status: 502,
    code: 'gateway_key_rejected',
    cause: /^gateway status 401$/,
  }),
  errors.error('401 relayed from the provider: the log says it is the provider’s', 'provider_key_rejected', {
    status: 502,
    code: 'gateway_key_rejected',
    message: /providerSecret/,
    cause: /^gateway status 401 about the provider key$/,
  }),
  errors.error('401 relayed from Anthropic', 'provider_key_rejected', {
    status: 502,
    code: 'gateway_key_rejected',
    path: 'messages',
    body: { max_tokens: 1, contents: [] },
    cause: /about the provider key/,
  }),
  errors.error('403', 'forbidden', { status: 403, code: 'gateway_policy_refused' }),
  errors.error('404', 'not_found', { status: 404, code: 'request_malformed', message: /Not Found/ }),
  errors.error('409', 'name_conflict', { status: 409, code: 'request_malformed' }),
  errors.error('422, whose detail is a list', 'validation_failed', { status: 422, code: 'request_malformed', message: /Field required/ }),
  errors.error('429 rate', 'rate_limited', { status: 429, code: 'gateway_rate_limited' }),
  errors.error('429 token quota exceeded: only the text tells', 'token_quota_exceeded', { status: 402, code: 'gateway_out_of_credit' }),
  errors.error('429 relayed from the provider is a rate', 'provider_rate_limited', { status: 429, code: 'gateway_rate_limited' }),
  errors.error('400 relayed from the provider keeps its words and code', 'provider_bad_request', {
    status: 400,
    code: 'missing_required_parameter',
    message: /messages/,
  }),
  errors.error('500', 'internal_error', { status: 502, code: 'gateway_failed' }),
  errors.error('502', 'upstream_unparseable', { status: 502, code: 'gateway_failed' }),
  errors.error('503 after 30 s', 'unavailable', { status: 503, code: 'gateway_unavailable', retryAfter: /^30$/ }),
  errors.error('503 relayed from the provider', 'provider_overloaded', { status: 503, code: 'gateway_unavailable' }),
  errors.error('504', 'upstream_timeout', { status: 504, code: 'gateway_timeout' }),

  streams.row('OpenAI: [DONE] last, and usage where it was asked for', async (subject) => {
    const answer = await askChat(subject, { stream: true, body: { stream_options: { include_usage: true } } })
    assertWhole(answer)
    holds(answer.record, { usage: { input: 6, source: 'stream' } })
  }),
  streams.row('Anthropic: named events, in order and untouched', async (subject) => {
    const answer = await subject.call('messages', { body: { ...anthropic, stream: true } })
    assertWhole(answer)
    const names = [...answer.text.matchAll(/^event: (\S+)$/gm)].map(([, name]) => name)
    assert.deepEqual([names[0], names.at(-1)], ['message_start', 'message_stop'])
    assert.deepEqual(
      names,
      answer.events.map((event) => (event as { type: string }).type),
    )
    holds(answer.record, { model: isText, usage: { input: isNumber, output: isNumber, source: 'stream' } })
  }),
  streams.row('Google: its own chunks, and nothing marks the end', async (subject) => {
    const answer = await subject.call('generateContent?alt=sse', { body: { ...google, stream: true } })
    assertWhole(answer)
    for (const event of answer.events) holds(event, { candidates: (candidates: unknown) => Array.isArray(candidates) })
    holds(answer.record, { model: 'gemini-2.0-flash', usage: { total: isNumber, source: 'stream' } })
  }),
  streams.row('a provider’s error in the stream passes as it came, in each form', async (subject) => {
    for (const [path, body] of [
      ['chat/completions', chatBody(subject)],
      ['messages', anthropic],
      ['generateContent', google],
    ] as const) {
      const answer = await subject.call(path, { body: { ...body, model: 'emulate/stream-error', stream: true } })
      assert.equal(answer.record?.finish, 'upstream_error', path)
    }
  }),
]
