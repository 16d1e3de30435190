import { describe, expect, test } from 'vitest'
import { KEYS, chat, emulate, events, goodHeaders, json } from './support.js'

const post = (url: string, headers: Record<string, string>, body: unknown) =>
  fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })

describe('JoyToken', () => {
  test('answers with the model it chose, its headers and its metadata', async () => {
    const response = await chat(await emulate('joytoken'), { body: { tier: 'premium' } })
    expect(response.headers.get('x-daoe-used-model')).toBe('anthropic/claude-sonnet-4-5')
    expect(response.headers.get('x-daoe-used-provider')).toBe('anthropic')
    expect((await json(response)).metadata).toMatchObject({ tier: 'premium', billing: { credits_used: '0.0750' } })
  })

  test('refuses empty messages, an unknown tier, a wrong method and a body over 8 MiB', async () => {
    const emulator = await emulate('joytoken')
    expect((await chat(emulator, { body: { messages: [] } })).status).toBe(400)
    expect((await json(chat(emulator, { body: { tier: 'deluxe' } }))).error.type).toBe('policy_rejected')
    expect((await fetch(`${emulator.baseURL}/chat/completions`, { headers: goodHeaders('joytoken') })).status).toBe(405)
    const big = await chat(emulator, { prompt: 'x'.repeat(8 * 1024 * 1024) })
    expect([big.status, (await json(big)).error.type]).toEqual([400, 'invalid_request_error'])
  })

  test('has a catalogue with an envelope and errors of its own', async () => {
    const emulator = await emulate('joytoken')
    const response = await fetch(`${emulator.origin}/api/v1/models?emulate=catalogue_unavailable`)
    expect([response.status, (await json(response)).code]).toEqual([503, 50_300])
  })
})

describe('OpenToken', () => {
  test('takes registered models only, and refuses tools on Anthropic ones', async () => {
    const emulator = await emulate('opentoken')
    const code = async (model: string, body: Record<string, unknown> = {}) => (await json(chat(emulator, { model, body }))).error?.code
    const tools = [{ type: 'function', function: { name: 'now' } }]
    expect(await code('openai/gpt-4o-mini')).toBe('model_not_found')
    expect(await code('anthropic/claude-haiku-4-5')).toBeUndefined()
    expect(await code('anthropic/claude-haiku-4-5', { tools })).toBe('unsupported_parameter')
    expect(await code('google/gemini-3-flash', { tools })).toBeUndefined()
  })

  test('refuses a field it does not know', async () => {
    const response = await chat(await emulate('opentoken'), { body: { workflow_id: 'w1' } })
    expect([response.status, (await json(response)).error]).toMatchObject([400, { type: 'invalid_request_error', code: null }])
  })

  test('embeds with the one model that can', async () => {
    const { baseURL } = await emulate('opentoken')
    const embed = (model: string) => json(post(`${baseURL}/embeddings`, goodHeaders('opentoken'), { model, input: ['one', 'two words'] }))
    const { data, usage } = await embed('google/text-embedding-004')
    expect(data.map(({ embedding }: { embedding: number[] }) => embedding.length)).toEqual([768, 768])
    expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 })
    expect((await embed('google/gemini-3-flash')).error.code).toBe('embeddings_unsupported')
  })
})

describe('Free AI', () => {
  const keyOnly = { authorization: `Bearer ${KEYS.freeai.secret}`, 'content-type': 'application/json' }

  test('takes the project id from the header before the body, and an empty header hides the body', async () => {
    const emulator = await emulate('freeai')
    const project = async (header: string | undefined, inBody: string | undefined) => {
      const headers = { ...keyOnly, ...(header === undefined ? {} : { 'x-gateway-project-id': header }) }
      const body = await json(chat(emulator, { headers, body: inBody === undefined ? {} : { project_id: inBody } }))
      return body.x_gateway?.project_id ?? body.error.code ?? body.error.name
    }
    expect(await project('head', 'body')).toBe('head')
    expect(await project(undefined, 'body')).toBe('body')
    expect(await project('', 'body')).toBe('invalid_project_id')
    expect(await project('not ok', 'body')).toBe('invalid_project_id')
    expect(await project(undefined, undefined)).toBe('invalid_project_id')
    expect(await project('head', 'not ok')).toBe('ZodError')
  })

  test('answers schema failures in its second envelope', async () => {
    const emulator = await emulate('freeai')
    for (const body of [
      { messages: [{ role: 'developer', content: 'x' }] },
      { messages: [{ role: 'assistant', content: null }] },
      { max_tokens: 9000 },
    ]) {
      const response = await chat(emulator, { body })
      expect([response.status, await response.json()]).toMatchObject([400, { success: false, error: { name: 'ZodError' } }])
    }
  })

  test('sees an empty body where the content type is not JSON', async () => {
    const response = await chat(await emulate('freeai'), { headers: { ...goodHeaders('freeai'), 'content-type': 'text/plain' } })
    expect((await json(response)).error.code).toBe('missing_input')
  })

  test('puts its facts into the body and its guard headers on everything', async () => {
    const response = await chat(await emulate('freeai'))
    expect(response.headers.get('x-frame-options')).toBe('DENY')
    expect(response.headers.get('x-ratelimit-remaining')).toBe('9')
    expect(response.headers.get('x-gateway-provider')).toBeNull()
    const facts = { provider: 'workers_ai', attempts: 1, project_id: 'tests' }
    expect(await response.json()).toMatchObject({ degraded: false, x_gateway: facts })
  })

  test('limits calls by address when it is told to', async () => {
    const emulator = await emulate('freeai', { addressBucket: { burst: 2, perMinute: 20 } })
    expect((await chat(emulator)).headers.get('x-ratelimit-remaining')).toBe('1')
    expect((await chat(emulator)).status).toBe(200)
    const refused = await chat(emulator)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3'])
  })

  test('answers /v1/responses as JSON and refuses to stream it', async () => {
    const { baseURL } = await emulate('freeai')
    const respond = (body: object) => json(post(`${baseURL}/responses`, goodHeaders('freeai'), { input: 'good morning', ...body }))
    expect(await respond({})).toMatchObject({ object: 'response', output_text: 'You said: good morning', usage: { total_tokens: 6 } })
    expect((await respond({ stream: true })).error.code).toBe('stream_not_supported')
    expect((await respond({ input: ' ' })).error.code).toBe('missing_input')
  })

  test('embeds, but not with auto and not as base64', async () => {
    const { baseURL } = await emulate('freeai')
    const embed = (body: object) => json(post(`${baseURL}/embeddings`, goodHeaders('freeai'), { input: 'good morning', ...body }))
    expect((await embed({ model: 'gemini-embedding-001', dimensions: 8 })).data[0].embedding).toHaveLength(8)
    expect((await embed({ model: 'auto' })).error.code).toBe('invalid_embedding_model')
    expect((await embed({ model: 'gemini-embedding-001', encoding_format: 'base64' })).error.name).toBe('ZodError')
  })

  test('draws and speaks', async () => {
    const { baseURL } = await emulate('freeai')
    const image = await json(post(`${baseURL}/images/generations`, goodHeaders('freeai'), { prompt: 'a door' }))
    expect(Buffer.from(image.data[0].b64_json, 'base64').subarray(1, 4).toString()).toBe('PNG')
    const speech = await post(`${baseURL}/audio/speech`, goodHeaders('freeai'), { input: 'good morning' })
    expect(speech.headers.get('content-type')).toBe('audio/mpeg')
    expect((await speech.arrayBuffer()).byteLength).toBe(65_536)
  })

  test('counts the bytes of an uploaded file', async () => {
    const emulator = await emulate('freeai')
    const { 'content-type': _, ...headers } = goodHeaders('freeai')
    const upload = async (fields: Record<string, string>, bytes?: number) => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.set(name, value)
      if (bytes !== undefined) form.set('file', new Blob([Buffer.alloc(bytes, '--x\r\n')]), 'speech.wav')
      return json(fetch(`${emulator.baseURL}/audio/transcriptions`, { method: 'POST', headers, body: form }))
    }
    expect(await upload({ model: 'auto' }, 300_001)).toMatchObject({ bytes: 300_001, text: 'You sent 300001 bytes of audio.' })
    expect((await upload({ model: 'auto' })).error.code).toBe('missing_file')
    expect((await upload({ model: 'emulate/no_speech' }, 10)).error.code).toBe('no_speech')
    expect((await upload({}, 25 * 1024 * 1024 + 1)).error.code).toBe('file_too_large')
    expect(emulator.seen[0]?.body.length).toBeGreaterThan(300_001)
  })
})

describe('Onysoft', () => {
  test('answers with an id and a price of its own', async () => {
    const body = await json(chat(await emulate('onysoft')))
    expect(body.id).toMatch(/^req_[0-9a-f]{24}$/)
    expect(body.cost).toEqual({ amount: 0.00027, currency: 'USD' })
  })

  test('makes tasks and tells of them under any of their names', async () => {
    const { baseURL } = await emulate('onysoft')
    const headers = goodHeaders('onysoft')
    const made = await post(`${baseURL}/video/generate`, headers, { model: 'kling/v2', prompt: 'a door' })
    expect(made.status).toBe(202)
    const { task_id: task } = await json(made)
    const status = async (alias: string) => (await json(fetch(`${baseURL}/${alias}/status/${task}`, { headers }))).status
    expect([await status('video'), await status('music')]).toEqual(['processing', 'completed'])
    expect((await fetch(`${baseURL}/video/status/unknown`, { headers })).status).toBe(404)
    expect((await post(`${baseURL}/image/generate`, headers, { model: 'emulate/unsupported_model' })).status).toBe(422)
    expect((await post(`${baseURL}/image/generate`, headers, { model: 'emulate/html' })).headers.get('content-type')).toContain('html')
  })

  test('refuses more than 10 MB', async () => {
    const response = await chat(await emulate('onysoft'), { prompt: 'x'.repeat(10 * 1024 * 1024) })
    expect([response.status, (await json(response)).error.code]).toEqual([413, 'payload_too_large'])
  })
})

describe('Mintoken', () => {
  const headers = goodHeaders('mintoken')

  test('names the intensity on every answer', async () => {
    const emulator = await emulate('mintoken')
    const intensity = async (extra: Record<string, string>) =>
      (await chat(emulator, { headers: { ...headers, ...extra } })).headers.get('x-mintoken-intensity')
    expect(await intensity({})).toBe('full')
    expect(await intensity({ 'x-mintoken-intensity': 'lite' })).toBe('lite')
    expect(await intensity({ authorization: 'none' })).toBe('full')
    expect((await chat(emulator, { model: 'emulate/intensity-none' })).headers.get('x-mintoken-intensity')).toBe('none')
    expect((await chat(emulator)).headers.get('x-mintoken-duration-ms')).toMatch(/^\d+$/)
  })

  test('speaks to Anthropic in its form, streamed in named events', async () => {
    const { baseURL } = await emulate('mintoken')
    const said = { role: 'user', content: [{ type: 'text', text: 'good morning' }] }
    const ask = { model: 'claude-sonnet-4-5', max_tokens: 64, messages: [said] }
    const message = await json(post(`${baseURL}/messages`, headers, ask))
    expect(message).toMatchObject({ type: 'message', content: [{ text: 'You said: good morning' }] })
    expect(message.usage).toEqual({ input_tokens: 2, output_tokens: 4 })
    const text = await (await post(`${baseURL}/messages`, headers, { ...ask, stream: true })).text()
    const names = [...text.matchAll(/^event: (.+)$/gm)].map(([, name]) => name)
    expect([names[0], names.at(-1)]).toEqual(['message_start', 'message_stop'])
    expect(names.filter((name) => name === 'content_block_delta')).toHaveLength(4)
    const failed = await (await post(`${baseURL}/messages`, headers, { ...ask, stream: true, model: 'emulate/stream-error' })).text()
    expect(failed).toMatch(/event: error\ndata: .*overloaded_error.*\n\n$/)
    expect((await post(`${baseURL}/messages`, headers, { ...ask, max_tokens: undefined })).status).toBe(400)
  })

  test('speaks to Google in its form, streamed without [DONE]', async () => {
    const { baseURL } = await emulate('mintoken')
    const ask = { model: 'gemini-2.5-pro', contents: [{ role: 'user', parts: [{ text: 'good morning' }] }] }
    const body = await json(post(`${baseURL}/generateContent`, headers, ask))
    expect(body.candidates[0].content.parts[0].text).toBe('You said: good morning')
    expect(body.usageMetadata).toEqual({ promptTokenCount: 2, candidatesTokenCount: 4, totalTokenCount: 6 })
    for (const response of [
      post(`${baseURL}/generateContent?alt=sse`, headers, ask),
      post(`${baseURL}/generateContent`, headers, { ...ask, stream: true }),
    ]) {
      const records = await events(response)
      expect(records).toHaveLength(4)
      expect(records.at(-1).candidates[0].finishReason).toBe('STOP')
    }
  })
})
