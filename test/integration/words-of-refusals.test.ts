import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { forAnAnsweringGateway, saying } from '../support/answering-gateway.js'
import { startHostileUpstream } from '../support/hostile-upstream.js'
import { openHouse } from '../support/house.js'

type Told = Readonly<Record<string, unknown>>

describe('a refusal of the gateway', () => {
  forAnAnsweringGateway({ attempts: 1 }, (open) => {
    const refused = async (): Promise<{ status: number; error: Told; headers: Headers }> => {
      const answer = await open().house.chat()
      return { status: answer.status, headers: answer.headers, error: ((await answer.json()) as { error: Told }).error }
    }

    const theirs = [
      400, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 431, 444, 460, 499,
    ]
    test.each(theirs)('that is not about key, money, rate or policy keeps its status and words: %i', async (status) => {
      open().answer(
        saying(
          JSON.stringify({ error: { message: 'The brewing failed.', type: 'teapot', code: 'short', param: 'milk' } }),
          undefined,
          status,
        ),
      )
      const { error, headers, ...rest } = await refused()
      expect(rest.status).toBe(status)
      expect(error).toEqual({ message: 'The brewing failed.', type: 'teapot', code: 'short', param: 'milk' })
      expect(headers.get('x-should-retry')).toBe('false')
    })

    test('that came because the request took too long keeps them too, and is not repeated: it may have run', async () => {
      open().answer(saying('{"error":{"message":"Too slow."}}', undefined, 408))
      expect(await refused()).toMatchObject({ status: 408, error: { message: 'Too slow.', code: 'gateway_timeout' } })
      expect((await refused()).headers.get('x-should-retry')).toBe('false')
    })

    test.each([
      [401, 502],
      [402, 402],
      [403, 403],
      [407, 502],
      [429, 429],
      [451, 403],
    ])('that is about one of them has Postern’s words: %i', async (status, told) => {
      open().answer(saying('{"error":{"message":"Key 17 of acme is out.","type":"theirs","code":"theirs","param":"x"}}', undefined, status))
      const { status: got, error } = await refused()
      expect(got).toBe(told)
      expect(error).toMatchObject({ code: expect.stringMatching(/^gateway_/), param: null })
      expect(JSON.stringify(error)).not.toMatch(/acme|theirs/)
    })

    test.each<[what: string, body: unknown, words: string]>([
      [
        'a list of details',
        {
          detail: [
            { loc: ['body', 'model'], msg: 'field required' },
            { loc: ['body', 'n', 0], msg: 'too many' },
          ],
        },
        'body.model: field required; body.n.0: too many',
      ],
      [
        'a list of texts',
        { message: ['n must be a number', 'model is needed'], error: 'Bad Request', statusCode: 400 },
        'n must be a number; model is needed',
      ],
      ['a list of errors', { errors: [{ message: 'One.' }, { message: 'Two.' }] }, 'One.; Two.'],
      ['a text under error', { error: 'no such model' }, 'no such model'],
      ['a text within a text', { error: { error: { message: 'deep' } } }, 'deep'],
      [
        'a problem document',
        { type: 'about:blank', title: 'Bad', status: 400, detail: 'The window is too small.' },
        'The window is too small.',
      ],
      ['a list as the whole', [{ error: { code: 400, message: 'Listed.', status: 'INVALID_ARGUMENT' } }], 'Listed.'],
      ['a JSON text', 'Only this.', 'Only this.'],
      ['details beside a message', { error: { message: 'It is wrong.', details: [{ reason: 'x' }] } }, 'It is wrong.'],
    ])('says its words in any shape: %s', async (_, body, words) => {
      open().answer(saying(JSON.stringify(body), undefined, 400))
      expect(await refused()).toMatchObject({ status: 400, error: { message: words } })
    })

    test.each([
      ['text/plain', 'The context is too long.\n'],
      ['', 'The context is too long.'],
      ['application/json', 'The context is too long.'],
      ['application/json', '\uFEFF{"error":{"message":"The context is too long."}}'],
      ['text/html', '{"error":{"message":"The context is too long."}}'],
      ['text/event-stream', 'event: error\ndata: {"error":{"message":"The context is too long."}}\n\ndata: [DONE]\n\n'],
      ['application/json', ': hello\r\ndata:{"error":{"message":"The context is too long."}}\r\n\r\n'],
    ])('says its words under any type: %s, %j', async (type, body) => {
      open().answer(saying(body, type, 422))
      expect(await refused()).toMatchObject({ status: 422, error: { message: 'The context is too long.' } })
    })

    test.each([
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
      ['identity', (text: string) => text],
      ['utf-8', (text: string) => text],
    ] as const)('says its words packed: %s', async (coding, pack) => {
      for (const [body, type] of [
        ['{"error":{"message":"Packed."}}', 'application/json'],
        ['Packed.', 'text/plain'],
      ] as const) {
        open().answer(saying(pack(body), type, 400, { 'content-encoding': coding }))
        expect(await refused()).toMatchObject({ status: 400, error: { message: 'Packed.' } })
      }
    })

    test.each([
      ['a page', '<html><body>Bad Request</body></html>'],
      ['nothing', ''],
      ['what is no text', Buffer.from([1, 2, 0, 255, 254])],
      ['half an envelope', '{"error":{"message":"Ha'],
    ])('that says none is told in ours: %s', async (_, body) => {
      open().answer(saying(body, 'text/plain', 400))
      expect((await refused()).error['message']).toContain('did not say why')
    })

    test.each<[object, object]>([
      [
        { message: 'm', type: 'invalid_request_error', param: 'messages.[0].role', code: null },
        { code: null, param: 'messages.[0].role' },
      ],
      [
        { message: 'm', type: null, param: null, code: 400 },
        { type: null, code: 400, param: null },
      ],
      [
        { message: 'm', code: 400, status: 'INVALID_ARGUMENT', details: [{ '@type': 'x', n: 1 }] },
        { status: 'INVALID_ARGUMENT', details: [{ '@type': 'x', n: 1 }] },
      ],
      [
        { message: 'm', innererror: { code: 'ResponsibleAIPolicyViolation' } },
        { type: 'invalid_request_error', code: 'request_malformed', param: null },
      ],
    ])('keeps what else it says: %j', async (said, kept) => {
      open().answer(saying(JSON.stringify({ error: said }), undefined, 400))
      const { error } = await refused()
      expect(error).toMatchObject({ ...said, ...kept })
    })

    test('keeps nothing that holds a key, nor more than an envelope has', async () => {
      const { secret } = open().house.keys.acme
      open().answer(
        saying(
          JSON.stringify({
            error: { message: `No ${secret}.`, code: secret, type: 'x', at: { key: [secret] }, long: 'a'.repeat(5000), [secret]: 1 },
          }),
          undefined,
          400,
        ),
      )
      const { error } = await refused()
      expect(JSON.stringify(error)).not.toContain(secret)
      expect(Object.keys(error)).toEqual(['message', 'type', 'code', 'param'])
      expect(error).toMatchObject({ type: 'x', code: 'request_malformed' })
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ leaked_key: 'acme' })
    })

    const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    test.each([
      `{"error":{"message":"m","at":${deep(100_000)}}}`,
      `{"error":${deep(100_000)}}`,
      `{"detail":${deep(100_000)}}`,
      `{"error":{"code":${deep(100_000)},"message":"m"}}`,
      '{"error":{"code":{"toString":1,"valueOf":1},"status":[[400]],"message":{"message":1},"__proto__":{"code":1}}}',
      '{"error":{"loc":[{}],"details":[null,{"loc":[null],"msg":7}]}}',
    ])('ends nobody, whatever it says: %#', async (body) => {
      for (const status of [400, 200]) {
        open().answer(saying(body, undefined, status))
        const answer = await refused()
        expect([status, 400, 502]).toContain(answer.status)
      }
    })

    test.each([
      [{ 'retry-after-ms': '20000' }, '20'],
      [{ 'retry-after-ms': '1500.5', 'retry-after': '30' }, '2'],
      [{ 'retry-after-ms': 'soon', 'retry-after': '30' }, '30'],
      [{ 'retry-after-ms': '10' }, '1'],
      [{ 'retry-after': '2.5' }, '3'],
    ])('says when to come back: %j', async (headers, seconds) => {
      open().answer(saying('{}', undefined, 429, headers))
      expect((await refused()).headers.get('retry-after')).toBe(seconds)
    })
  })
})

const events = (...parts: readonly string[]) => saying(parts.join(''), 'text/event-stream')

const mistakes: readonly [what: string, error: object, status: number, code: unknown][] = [
  [
    'no money',
    { error: { message: 'You exceeded your quota.', type: 'insufficient_quota', code: 'insufficient_quota', param: null } },
    402,
    'gateway_out_of_credit',
  ],
  [
    'no money, in a code alone',
    { error: { message: 'm', type: 'invalid_request_error', code: 'insufficient_quota' } },
    402,
    'gateway_out_of_credit',
  ],
  [
    'a wrong request',
    { error: { message: 'Too long.', type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages' } },
    400,
    'context_length_exceeded',
  ],
  ['a wrong request, by its number', { error: { message: 'Too long.', code: 422 } }, 422, 422],
  [
    'a wrong request, as some servers call it',
    { object: 'error', message: 'Too long.', type: 'BadRequestError', param: null, code: 400 },
    400,
    400,
  ],
  [
    'a model that is not there',
    { error: { message: 'No such model.', type: 'invalid_request_error', code: 'model_not_found' } },
    404,
    'model_not_found',
  ],
  ['a wrong key', { error: { message: 'm', type: 'invalid_request_error', code: 'invalid_api_key' } }, 502, 'gateway_key_rejected'],
  ['too many', { error: { message: 'm', type: 'rate_limit_error' } }, 429, 'gateway_rate_limited'],
  ['what failed', { error: { message: 'm', type: 'server_error', code: 500 } }, 502, 'gateway_failed'],
]

describe('an error under a status of success means what it says', () => {
  forAnAnsweringGateway({}, (open) => {
    test.each(mistakes)('%s, in place of the answer or of its first event, and is asked once', async (_, error, status, code) => {
      for (const isStream of [false, true]) {
        open().answer(isStream ? events(`data: ${JSON.stringify(error)}\n\n`) : saying(JSON.stringify(error)))
        const before = open().upstream.seen.length
        const client = new OpenAI({ baseURL: open().house.baseURL, apiKey: open().house.callers.acme })
        const failure: unknown = await client.chat.completions
          .create({ model: 'm', messages: [{ role: 'user', content: 'Hello' }], stream: isStream })
          .catch((thrown: unknown) => thrown)
        expect(failure).toMatchObject({ status, code })
        expect(open().upstream.seen.length - before).toBe(1)
      }
    })
  })

  test('and the events of other APIs do too', async () => {
    const error = { type: 'error', code: 'insufficient_quota', message: 'You exceeded your quota.', param: null }
    const upstream = await startHostileUpstream(events(`event: error\ndata: ${JSON.stringify(error)}\n\n`))
    const house = await openHouse({ config: { gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL } } } })
    const client = new OpenAI({ baseURL: house.baseURL, apiKey: house.callers.acme })
    await expect(client.responses.create({ model: 'm', input: 'Hello', stream: true })).rejects.toMatchObject({ status: 402 })
    expect(upstream.seen.length).toBe(1)
    await house.close()
    await upstream.close()
  })
})
