import assert from 'node:assert/strict'
import { askChat, assertWhole, headersNamed, oneReached, table } from '../build-cases.js'
import { commonCases } from '../common-cases.js'
import type { ConformanceCase } from '../conformance-case.js'
import { holds, isNumber, isText } from '../expect.js'

const endpoints = table('4.1 Endpoints')
const requestHeaders = table('4.2 Request headers')
const bodies = table('4.4 Body fields')
const errors = table('4.5 Errors')
const streams = table('4.6 Streaming')

const kinds = ['video', 'image', 'audio', 'voice', 'music'] as const

/** What a sealed id is at the gateway. */
function idAtGateway(sealed: string): string {
  const id = Buffer.from(sealed.slice(0, sealed.indexOf('.')), 'base64url').toString('utf8')
  assert.match(id, /^task_[0-9a-f]{24}$/)
  return id
}

export const onysoft: readonly ConformanceCase[] = [
  ...commonCases({ credentials: ['header authorization'], streamModel: false, streamUsage: true }),

  ...kinds.map((kind) =>
    endpoints.endpoint(
      `POST /v1/${kind}/generate: 202 and a task id, sealed for who asked`,
      `${kind}/generate`,
      { body: { model: 'kling/video', prompt: 'a door' } },
      {
        upstream: `/v1/${kind}/generate`,
        status: 202,
        json: { success: true, status: 'pending', task_id: /^[\w-]{39}\.[\w-]{22}$/ },
      },
    ),
  ),
  ...kinds.map((alias) =>
    endpoints.row(`GET /v1/${alias}/status/{task_id} answers for a task of any kind`, async (subject) => {
      const begun = await subject.call('image/generate', { body: { model: 'flux', prompt: 'a door' } })
      const id = begun.json['task_id'] as string
      const answer = await subject.call(`${alias}/status/${id}`)
      holds(answer.json, { task_id: id, model: 'flux', status: 'processing' })
      assert.equal(oneReached(subject).url, `/v1/${alias}/status/${idAtGateway(id)}`)
    }),
  ),
  endpoints.row('a task is nobody else’s: another tenant gets 404, and the gateway is not asked', async (subject) => {
    const begun = await subject.call('video/generate', { body: { model: 'kling/video' } })
    const answer = await subject.call(`video/status/${begun.json['task_id'] as string}`, { credential: subject.otherCaller })
    assert.deepEqual([answer.status, answer.error.code, subject.reached().length], [404, 'not_found', 0])
  }),
  endpoints.row('a task’s id at the gateway opens nothing', async (subject) => {
    const begun = await subject.call('video/generate', { body: { model: 'kling/video' } })
    const raw = idAtGateway(begun.json['task_id'] as string)
    const answer = await subject.call(`video/status/${raw}`)
    assert.deepEqual([answer.status, answer.error.code, subject.reached().length], [404, 'not_found', 0])
  }),
  endpoints.row('beside a task’s id no query is sent: a gateway could take it for another task’s', async (subject) => {
    const begun = await subject.call('video/generate', { body: { model: 'kling/video' } })
    await subject.call(`video/status/${begun.json['task_id'] as string}?task_id=another`)
    assert.doesNotMatch(oneReached(subject).url, /\?/)
  }),
  endpoints.row('a finished task: where its result lies passes as it came', async (subject) => {
    const begun = await subject.call('music/generate', { body: { model: 'suno' } })
    const path = `music/status/${begun.json['task_id'] as string}`
    await subject.call(path)
    holds((await subject.call(path)).json, {
      status: 'completed',
      result: { url: /^https:\/\/cdn\.onysoft\.invalid\/task_[0-9a-f]{24}\.mp3$/ },
    })
  }),
  endpoints.endpoint(
    'POST /v1/audio/speech, seen only in customers’ code: sound, as it came',
    'audio/speech',
    { body: { model: 'tts', input: 'Hello' } },
    {
      upstream: '/v1/audio/speech',
      type: /^audio\/mpeg/,
    },
  ),
  endpoints.notOffered(
    'GET /v1/models has no page, and what no page documents is not sent on: it could answer for anybody’s task',
    'models',
    [404, 'not_found'],
  ),

  requestHeaders.row('Authorization: Bearer sk-ony-…, on every request', async (subject) => {
    await askChat(subject)
    assert.match(headersNamed(oneReached(subject), 'authorization').join(), /^Bearer sk-ony-[0-9a-f]{48}$/)
  }),
  requestHeaders.row('Content-Type: application/json', async (subject) => {
    await askChat(subject)
    assert.deepEqual(headersNamed(oneReached(subject), 'content-type'), ['application/json'])
  }),
  requestHeaders.requestHeader('X-Forwarded-For', 'X-Forwarded-For', 'is stripped'),

  bodies.bodyMember('temperature and top_p pass', { temperature: 0.7, top_p: 1 }),
  bodies.bodyMember('max_tokens passes', { max_tokens: 100 }),
  bodies.bodyMember('what no page mentions passes as well', { tools: [], response_format: { type: 'json_object' } }),
  bodies.bodyMember('an image as a data URI passes', {
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }] }],
  }),
  bodies.row('a body over 10 MB → 413 body_too_large, before it is sent', async (subject) => {
    const answer = await askChat(subject, { body: { padding: 'x'.repeat(10_000_000) } })
    assert.deepEqual([answer.status, answer.error.code, subject.reached().length], [413, 'body_too_large', 0])
  }),
  bodies.recorded('cost: {amount, currency}', {}, { cost: { amount: isNumber, unit: 'USD' }, usage: { input: 6, source: 'answer' } }),
  bodies.recorded('id is req_…, for its support', {}, { gateway_request_id: /^req_[0-9a-f]{24}$/ }),
  bodies.row('the body passes with its cost', async (subject) => {
    holds((await askChat(subject)).json, { cost: { amount: isNumber, currency: 'USD' }, id: /^req_/ })
  }),

  errors.row('{success:false, error:{code, message}} becomes the envelope', async (subject) => {
    const answer = await askChat(subject, { named: 'model_not_found' })
    assert.deepEqual(Object.keys(answer.json), ['error'])
    holds(answer.error, { message: 'Model bulunamadı', type: 'not_found_error', code: 'model_not_found', param: null })
  }),
  errors.error('400', 'bad_request', { status: 400, code: 'bad_request' }),
  errors.error('401 invalid_api_key', 'invalid_api_key', { status: 502, code: 'gateway_key_rejected' }),
  errors.error('402 insufficient_balance', 'insufficient_balance', { status: 402, code: 'gateway_out_of_credit' }),
  errors.error('403 model_blocked', 'model_blocked', { status: 403, code: 'gateway_policy_refused' }),
  errors.error('403 project suspended', 'project_suspended', { status: 403, code: 'gateway_policy_refused' }),
  errors.error('404 model_not_found', 'model_not_found', { status: 404, code: 'model_not_found' }),
  errors.error('404 wrong endpoint', 'not_found', { status: 404, code: 'not_found' }),
  errors.error('413 payload_too_large', 'payload_too_large', { status: 413, code: 'payload_too_large' }),
  errors.error('422 not supported by KieAI', 'unsupported_model', { status: 422, code: 'unsupported_model' }),
  errors.error('429 rate_limit_exceeded is a rate', 'rate_limit_exceeded', { status: 429, code: 'gateway_rate_limited' }),
  errors.error('429 daily_token_limit_exceeded ends with the day', 'daily_token_limit_exceeded', {
    status: 402,
    code: 'gateway_out_of_credit',
  }),
  errors.error('429 monthly_token_limit_exceeded ends with the month', 'monthly_token_limit_exceeded', {
    status: 402,
    code: 'gateway_out_of_credit',
  }),
  errors.error('429 daily_request_limit_exceeded ends with the day', 'daily_request_limit_exceeded', {
    status: 402,
    code: 'gateway_out_of_credit',
  }),
  errors.error('429 free_model_rate_limit: five times in 24 hours', 'free_model_rate_limit', {
    status: 402,
    code: 'gateway_out_of_credit',
  }),
  errors.error('500', 'server_error', { status: 502, code: 'gateway_failed' }),

  streams.row('the closing chunk, choices: [] with usage and cost, stands before [DONE]', async (subject) => {
    const answer = await askChat(subject, { stream: true })
    assertWhole(answer)
    holds(answer.events.at(-2), { choices: (choices: unknown) => Array.isArray(choices), usage: undefined }) // the finish reason that was added
    assert.equal(answer.events.filter((event) => (event as { cost?: unknown }).cost !== undefined).length, 1)
  }),
  streams.recorded(
    'the closing chunk',
    { stream: true },
    { usage: { input: 6, source: 'stream' }, cost: { amount: isNumber, unit: 'USD' }, gateway_request_id: isText },
  ),
  streams.row('chunks without index, role and finish reason are completed', async (subject) => {
    const answer = await askChat(subject, { stream: true })
    const choices = answer.events.flatMap(
      (event) => (event as { choices?: { index: number; finish_reason: string | null; delta: { role?: string } }[] }).choices ?? [],
    )
    assert.ok(choices.every(({ index }) => index === 0))
    assert.equal(choices[0]?.delta.role, 'assistant')
    assert.equal(choices.filter(({ finish_reason: reason }) => reason === 'stop').length, 1)
  }),
  streams.row('every chunk keeps its req_… id', async (subject) => {
    const answer = await askChat(subject, { stream: true })
    const ids = new Set(answer.events.slice(0, -1).map((event) => (event as { id: string }).id))
    assert.deepEqual([ids.size, /^req_[0-9a-f]{24}$/.test([...ids][0] ?? '')], [1, true])
  }),
  streams.row('an error in the stream, whose form is not documented: its usual envelope counts', async (subject) => {
    const answer = await askChat(subject, { named: 'stream-error', stream: true })
    holds(answer.events.at(-1), { error: { code: 'server_error' } })
    assert.equal(answer.record?.finish, 'upstream_error')
  }),
]
