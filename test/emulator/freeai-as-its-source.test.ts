import { describe, expect, test } from 'vitest'
import { openHouse } from '../support/house.js'
import { emulate, goodHeaders } from './support.js'

const headers = goodHeaders('freeai')
const keyless = { 'content-type': 'application/json' }
const { 'content-type': _, ...formHeaders } = headers

/** The file of the gateway's repository that a row is read from. */
type Source = `src/${string}`

async function ask(path: string, body?: object | FormData, method = body === undefined ? 'GET' : 'POST', given: object = headers) {
  const { baseURL, close } = await emulate('freeai')
  const isForm = body instanceof FormData
  const answer = await fetch(`${baseURL}/${path}`, {
    method,
    headers: { ...(isForm ? formHeaders : given) } as Record<string, string>,
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== ''
  await close()
  return { status: answer.status, headers: answer.headers, text, json: (isJson ? JSON.parse(text) : {}) as Record<string, unknown> }
}

const chat = (body: object = {}) => ask('chat/completions', { messages: [{ role: 'user', content: 'Hello' }], ...body })
const upload = () => {
  const form = new FormData()
  form.set('model', 'auto')
  form.set('file', new Blob([Buffer.alloc(100)]), 'speech.wav')
  return form
}
const remaining = 'x-ratelimit-remaining'

describe('the emulated Free AI gateway says what its source says', () => {
  test.each<[row: string, source: Source, check: () => Promise<void>]>([
    [
      'response_format: json_schema is refused by the schema, whatever schema it brings',
      'src/index.ts',
      async () => {
        const schema = { name: 'a', strict: true, schema: { type: 'object', properties: {}, required: [], additionalProperties: false } }
        for (const json_schema of [schema, undefined])
          expect(await chat({ response_format: { type: 'json_schema', json_schema } })).toMatchObject({
            status: 400,
            json: { success: false, error: { name: 'ZodError' } },
          })
        expect((await chat({ response_format: { type: 'json_object' } })).status).toBe(200)
      },
    ],
    [
      'HEAD models takes a key, which GET models does not',
      'src/middleware/gateway-auth.ts',
      async () => {
        expect((await ask('models', undefined, 'HEAD', keyless)).status).toBe(401)
        expect((await ask('models', undefined, 'HEAD')).status).toBe(200)
        expect((await ask('models', undefined, 'GET', keyless)).status).toBe(200)
      },
    ],
    [
      'GET models is no list of the OpenAI API',
      'src/index.ts',
      async () => {
        const { json } = await ask('models')
        expect(Object.keys(json)).toEqual(['data'])
        const [first] = json['data'] as Record<string, unknown>[]
        expect(first).toMatchObject({ type: 'chat', supports_streaming: true, headroom: 1, enabled: true })
        expect(first).not.toHaveProperty('object')
      },
    ],
    [
      'speech of a model that no provider has is 503 no_tts_provider',
      'src/routes/tts-generation.ts',
      async () => {
        expect(await ask('audio/speech', { model: 'tts-1', input: 'Hello' })).toMatchObject({
          status: 503,
          json: { error: { type: 'configuration_error', code: 'no_tts_provider' } },
        })
        expect((await ask('audio/speech', { model: 'emulate/no_tts_provider', input: 'Hello' })).status).toBe(503)
        expect((await ask('audio/speech', { model: 'auto', input: 'Hello' })).status).toBe(200)
      },
    ],
    [
      'a video that a provider does not take is 502 provider_fatal',
      'src/routes/video-generation.ts',
      async () =>
        expect(await ask('videos/generations', { model: 'emulate/provider_fatal', prompt: 'a door' })).toMatchObject({
          status: 502,
          json: { error: { type: 'provider_fatal' } },
        }),
    ],
    [
      'a video that has begun has an id and a poll_url, which is 501',
      'src/routes/video-generation.ts',
      async () => {
        const begun = await ask('videos/generations', { model: 'emulate/video-begins', prompt: 'a door' })
        expect(begun).toMatchObject({
          status: 202,
          json: { id: expect.any(String), status: 'processing', poll_url: `/v1/videos/generations/${String(begun.json['id'])}` },
        })
        expect(await ask(`videos/generations/${String(begun.json['id'])}`)).toMatchObject({
          status: 501,
          json: { error: { code: 'video_poll_pending_upstream' } },
        })
      },
    ],
    [
      'streams have no x-ratelimit-remaining, and JSON has',
      'src/index.ts',
      async () => {
        expect((await chat({ stream: true })).headers.get(remaining)).toBeNull()
        expect((await chat()).headers.get(remaining)).toBe('9')
      },
    ],
    [
      'sound has none either, and speech to speech nothing of the gateway but its texts',
      'src/index.ts',
      async () => {
        expect((await ask('audio/speech', { input: 'Hello' })).headers.get(remaining)).toBeNull()
        const spoken = await ask('audio/speech-to-speech', upload())
        expect(
          [...spoken.headers.keys()].filter((name) => name.startsWith('x-') && !name.startsWith('x-f') && !name.startsWith('x-c')),
        ).toEqual(['x-llm-response', 'x-transcribed-text'])
      },
    ],
    [
      'images carry degraded',
      'src/routes/image-generation.ts',
      async () => {
        expect((await ask('images/generations', { prompt: 'a door' })).json).toMatchObject({ degraded: false })
        expect((await ask('images/generations', { prompt: 'a door', model: 'emulate/degraded' })).json).toMatchObject({ degraded: true })
      },
    ],
    [
      'transcriptions carry degraded',
      'src/index.ts',
      async () => expect((await ask('audio/transcriptions', upload())).json).toMatchObject({ degraded: false }),
    ],
    [
      'responses have no tools, nor anything else that its code does not write',
      'src/index.ts',
      async () =>
        expect(Object.keys((await ask('responses', { input: 'Hello' })).json)).toEqual([
          'id',
          'object',
          'created_at',
          'status',
          'model',
          'output',
          'output_text',
          'usage',
          'x_gateway',
        ]),
    ],
    [
      'a 5xx of a provider, or its timeout, is 429 usage_retriable, without a time to wait',
      'src/router/classify-error.ts',
      async () => {
        for (const name of ['usage_retriable', 'usage_retriable_timeout', 'usage_retriable_5xx']) {
          const answer = await chat({ model: `emulate/${name}` })
          expect(answer).toMatchObject({ status: 429, json: { error: { type: 'usage_retriable' } } })
          expect(answer.headers.get('retry-after')).toBeNull()
        }
      },
    ],
  ])('%s (%s)', async (_row, _source, check) => check())
})

describe('through Postern', () => {
  test('its models are the list that clients of the OpenAI API read, and HEAD brings the key', async () => {
    const house = await openHouse({ gateway: 'freeai' })
    const models = (method: string) =>
      fetch(`${house.baseURL}/models`, { method, headers: { authorization: `Bearer ${house.callers.acme}` } })
    const list = (await (await models('GET')).json()) as { object: string; data: { id: string; object: string; owned_by: string }[] }
    expect(list.object).toBe('list')
    for (const model of list.data) expect(model).toMatchObject({ id: expect.any(String), object: 'model', owned_by: expect.any(String) })
    const sentOf = () => house.emulator.seen.at(-1)?.headers.some(([name]) => name.toLowerCase() === 'authorization')
    expect(sentOf()).toBe(false)
    expect((await models('HEAD')).status).toBe(200)
    expect(sentOf()).toBe(true)
    await house.close()
  })

  test('its refusal of json_schema reaches the client with its words', async () => {
    const house = await openHouse({ gateway: 'freeai' })
    const answer = await house.chat({ body: { response_format: { type: 'json_schema', json_schema: { name: 'a' } } } })
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { message: expect.stringContaining('Invalid') } }])
    await house.close()
  })
})
