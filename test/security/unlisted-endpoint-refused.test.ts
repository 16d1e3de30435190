import { checkConfig, type ConfigInput } from '@postern/config'
import OpenAI, { toFile } from 'openai'
import { describe, expect, test } from 'vitest'
import { forAnOpenGateway } from '../support/open-gateway.js'
import { ringEntry, callerCredential } from '../support/secrets.js'

const models = ['small', 'embed-*']
const chat = { model: 'small', messages: [{ role: 'user', content: 'Hello' }] }

describe('a path that neither the dialect lists nor the operator opened', () => {
  forAnOpenGateway({}, (open) => {
    test.each([
      ['POST', 'messages'],
      ['POST', 'engines/large/completions'],
      ['POST', 'openai/deployments/large/chat/completions'],
      ['POST', 'rerank'],
      ['POST', 'chat/completions/batch/x'],
      ['POST', 'beta/completions'],
      ['POST', 'models/large/generate'],
      ['POST', 'models/large/versions/1:generateContent'],
      ['POST', 'inference'],
      ['GET', 'files/file-1/content/raw'],
      ['GET', 'batch'],
      ['POST', 'responses/resp_1/continue'],
      ['PUT', 'config'],
      ['GET', 'health'],
    ])('%s %s is closed, whatever is asked', async (method, path) => {
      expect(await open().ask(method, path, method === 'GET' ? undefined : chat)).toEqual([403, 'endpoint_not_allowed', 0, null])
    })

    test('is said to be opened by a setting, for the operator', async () => {
      const answer = await fetch(`${open().house.baseURL}/rerank`, { headers: { authorization: `Bearer ${open().house.callers.acme}` } })
      expect(((await answer.json()) as { error: { message: string } }).error.message).toContain('gateways.<name>.endpoints')
    })

    test.each([
      'chat/Completions',
      'CHAT/completions',
      'chat;v=1/completions',
      'chat/completions;v=1',
      'threads/Runs',
      'threads/runs;a=b',
      'threads/RUNS',
      'videos/Characters',
      'responses/Compact',
      'files/file-1;x',
      'Files',
      'vector_stores/VS;1/search',
    ])('%s is not taken for the path that it resembles, nor for an id', async (path) => {
      const [status, code, sent] = await open().ask('POST', path, chat)
      expect([Math.floor(status / 100), sent]).toEqual([4, 0])
      expect(['endpoint_not_allowed', 'not_found', 'method_not_allowed']).toContain(code)
    })

    test('a listed path has its methods and no others', async () => {
      for (const [method, path] of [
        ['PUT', 'files'],
        ['DELETE', 'chat/completions'],
        ['PATCH', 'models'],
        ['POST', 'models'],
        ['GET', 'embeddings'],
      ] as const)
        expect(await open().ask(method, path, method === 'GET' ? undefined : {})).toEqual([405, 'method_not_allowed', 0, null])
    })
  })
})

describe('what mints credentials, hands out connections or administers the account', () => {
  const holders = [
    'realtime/client_secrets',
    'realtime/Client_Secrets',
    'realtime/sessions',
    'realtime/transcription_sessions',
    'realtime/translations/client_secrets',
    'realtime/calls',
    'realtime/calls/rtc_1/accept',
    'live/sessions',
    'live/sessions/s_1/fork',
    'chatkit/sessions',
    'chatkit/sessions/cksess_1/cancel',
    'organization/admin_api_keys',
    'organization/projects/p_1/service_accounts',
    'organization',
    'Organization/invites',
    'organization;x/users',
    'projects/p_1/users/u_1/roles',
    'fine_tuning/checkpoints/ckpt_1/permissions',
    'vaults/v_1/credentials',
    'webhook_endpoints/we_1/rotate_secret',
    'auth/keys',
    'key/generate',
    'api-keys',
    'models/large/api_keys',
    'anything/client-secrets',
    'v1beta/auth_tokens',
  ]
  // Also where the operator opened what it would fall under.
  const settings = { endpoints: { 'anything/{id}': { methods: ['POST' as const], format: 'plain' as const, model: 'none' as const } } }
  forAnOpenGateway({ settings }, (open) => {
    test.each(holders)('%s is refused as Postern’s own rule', async (path) => {
      expect((await open().ask('POST', path, {})).slice(0, 3)).toEqual([403, 'endpoint_not_allowed', 0])
      const answer = await fetch(`${open().house.baseURL}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${open().house.callers.acme}` },
      })
      expect(((await answer.json()) as { error: { message: string } }).error.message).toContain('Postern’s own rule')
    })
  })

  test.each([...new Set(holders.map((path) => path.replace(/;x/, '')))])('%s cannot be opened by configuration', (path) => {
    expect(problemsOf({ [path]: { methods: ['POST'], format: 'plain', model: 'none' } })).toEqual([
      [`gateways.main.endpoints.${path}`, expect.stringMatching(/mints credentials|belongs to whoever/)],
    ])
  })
})

describe('an endpoint that the operator opens', () => {
  const settings: Partial<ConfigInput['gateways'][string]> = {
    endpoints: {
      rerank: { methods: ['POST'], format: 'plain', model: 'body' },
      'engines/{model}/completions': { methods: ['POST'], format: 'chat', model: 'path' },
      generate: { methods: ['GET', 'POST'], format: 'plain', model: 'query' },
      detect: { methods: ['POST'], format: 'plain', model: 'none', media: true },
      tongues: { methods: ['GET'], format: 'plain', model: 'none' },
    },
  }
  forAnOpenGateway({ settings }, (open) => {
    test('is forwarded, path, query and body as they came', async () => {
      expect(await open().ask('POST', 'engines/large/completions?a=%20b', { prompt: 'Hello' })).toEqual([200, undefined, 1])
      expect(open().upstream.seen.at(-1)).toEqual({
        method: 'POST',
        url: '/v1/engines/large/completions?a=%20b',
        body: '{"prompt":"Hello"}',
      })
      expect(await open().ask('POST', 'rerank', { query: 'a door' })).toEqual([200, undefined, 1])
      expect(await open().ask('POST', 'detect', 'RIFF', { type: 'audio/wav' })).toEqual([200, undefined, 1])
    })

    test('has the methods that were written, and takes media only where that was', async () => {
      expect(await open().ask('DELETE', 'rerank')).toEqual([405, 'method_not_allowed', 0, null])
      expect(await open().ask('POST', 'rerank', 'RIFF', { type: 'audio/wav' })).toEqual([400, 'request_malformed', 0, 'Content-Type'])
    })
  })

  forAnOpenGateway({ settings, config: { policies: { models } } }, (open) => {
    test.each<[what: string, question: readonly [method: string, path: string, body?: object | string, type?: string], passes: boolean]>([
      ['in the body', ['POST', 'rerank', { model: 'small' }], true],
      ['in the body, another', ['POST', 'rerank', { model: 'large' }], false],
      ['in the body, none', ['POST', 'rerank', {}], false],
      ['in the path', ['POST', 'engines/small/completions', { prompt: 'x' }], true],
      ['in the path, another', ['POST', 'engines/large/completions', { prompt: 'x' }], false],
      ['in the path, and another in the body', ['POST', 'engines/small/completions', { prompt: 'x', model: 'large' }], false],
      ['in the path, and another in the query', ['POST', 'engines/small/completions?model=large', { prompt: 'x' }], false],
      ['in the query', ['GET', 'generate?model=small'], true],
      ['in the query, another', ['GET', 'generate?model=large'], false],
      ['in the query, as the first of a list', ['POST', 'rerank?model[0]=large', { model: 'small' }], false],
      ['in the query, to fall back on', ['POST', 'rerank?fallbacks=large', { model: 'small' }], false],
      ['in the query, as a group', ['POST', 'rerank?model_group=large', { model: 'small' }], false],
      ['in the query, none', ['GET', 'generate'], false],
      ['in the query, two', ['GET', 'generate?model=small&model=embed-1'], false],
      ['in the query, two behind a semicolon', ['GET', 'generate?model=small;model=large'], false],
      ['in the query, in another spelling', ['POST', 'generate?MODEL=large&model=small', {}], false],
      ['in the query, escaped', ['GET', 'generate?m%6fdel=large&model=small'], false],
      ['in the query of an endpoint that has it in its body', ['POST', 'rerank?model=large', { model: 'small' }], false],
      ['in the query as a deployment', ['POST', 'chat/completions?deployment=large', chat], false],
      ['in the query as an engine', ['POST', 'chat/completions?engine_id=large', chat], false],
      ['in a form', ['POST', 'audio/transcriptions', '--x--', 'multipart/form-data; boundary=x'], false],
      ['nowhere', ['GET', 'tongues'], true],
      ['nowhere, in a form', ['POST', 'detect', '--x--', 'multipart/form-data; boundary=x'], true],
      ['nowhere, and in the body after all', ['POST', 'detect', { model: 'large' }], false],
      ['in a file of requests', ['POST', 'batches', { input_file_id: 'file-1', endpoint: '/v1/chat/completions' }], false],
      ['in an evaluation that is stored', ['POST', 'evals/eval_1/runs', { model: 'small' }], false],
      ['in a film that is stored', ['POST', 'videos/video_1/remix', { prompt: 'again', model: 'small' }], false],
      ['in an agent that is stored', ['POST', 'agents/sessions', { agent: 'a_1' }], false],
      ['in a run, and not said', ['POST', 'threads/thread_1/runs', { assistant_id: 'asst_1' }], false],
      ['of an upload', ['POST', 'files', '--x--', 'multipart/form-data; boundary=x'], true],
      ['of a list', ['GET', 'files'], true],
      ['of the list of models', ['GET', 'models'], true],
      ['of one model’s card', ['GET', 'models/large'], true],
      ['of one model that is deleted', ['DELETE', 'models/large'], false],
      ['of a file that is deleted', ['DELETE', 'files/file-1'], true],
    ])('is asked for its model %s, under a policy that names some', async (_, [method, path, body, type], passes) => {
      const [status, code, sent] = await open().ask(method, path, body, type === undefined ? {} : { type })
      expect([status, code, sent]).toEqual(passes ? [200, undefined, 1] : [403, 'model_not_allowed', 0])
    })

    test('also of a session that is bound to some', async () => {
      const { token } = await open().house.minter.mint({ team: 'acme', models: ['embed-1'] })
      expect(await open().ask('POST', 'engines/embed-1/completions', { prompt: 'x' }, { credential: token })).toEqual([200, undefined, 1])
      expect((await open().ask('POST', 'engines/small/completions', { prompt: 'x' }, { credential: token })).slice(0, 3)).toEqual([
        403,
        'model_not_allowed',
        0,
      ])
    })
  })

  forAnOpenGateway(
    {
      settings: { endpoints: { ...settings.endpoints, speak: { methods: ['POST'], format: 'plain', model: 'body', ceiling: 'none' } } },
      config: { policies: { maxTokens: 100 } },
    },
    (open) => {
      test.each<[path: string, body: object | string | undefined, passes: boolean]>([
        ['engines/large/completions', { prompt: 'x', max_tokens: 100 }, true],
        ['engines/large/completions', { prompt: 'x', max_tokens: 101 }, false],
        ['engines/large/completions', undefined, false],
        ['engines/large/completions?max_tokens=9000', { prompt: 'x', max_tokens: 10 }, false],
        ['engines/large/completions?n=50', { prompt: 'x', max_tokens: 10 }, false],
        ['rerank', { model: 'm', max_tokens: 10 }, false],
        ['generate?model=m', {}, false],
        ['responses/compact', { model: 'm', input: 'x' }, false],
        ['images/generations', { model: 'm', prompt: 'a door', n: 10 }, false],
        ['audio/transcriptions', '--x--', false],
        ['batches', { input_file_id: 'file-1' }, false],
        ['threads/thread_1/runs', { assistant_id: 'a', max_completion_tokens: 100 }, true],
        ['threads/thread_1/runs', { assistant_id: 'a' }, false],
        ['speak', { model: 'm' }, true],
        ['detect', {}, true],
        ['embeddings', { model: 'm', input: ['a', 'b', 'c'] }, true],
        ['moderations', { model: 'm', input: 'a' }, true],
        ['conversations', {}, true],
      ])('%s with %j, under a ceiling', async (path, body, passes) => {
        const type = typeof body === 'string' ? { type: 'multipart/form-data; boundary=x' } : {}
        const [status, code, sent] = await open().ask('POST', path, body, type)
        expect([status, code, sent]).toEqual(passes ? [200, undefined, 1] : [400, 'request_malformed', 0])
      })
    },
  )

  test.each<[what: string, endpoints: unknown, path: string, reason: RegExp]>([
    [
      'a slash in front',
      { '/rerank': { methods: ['POST'], format: 'plain', model: 'body' } },
      'gateways.main.endpoints./rerank',
      /not a path/,
    ],
    [
      'a slash at the end',
      { 'rerank/': { methods: ['POST'], format: 'plain', model: 'body' } },
      'gateways.main.endpoints.rerank/',
      /not a path/,
    ],
    ['a way up', { 'a/../b': { methods: ['POST'], format: 'plain', model: 'body' } }, 'gateways.main.endpoints.a/../b', /not a path/],
    [
      'a parameter first',
      { '{any}/{path}': { methods: ['POST'], format: 'plain', model: 'body' } },
      'gateways.main.endpoints.{any}/{path}',
      /opens any path/,
    ],
    ['a half parameter', { 'a/{id': { methods: ['POST'], format: 'plain', model: 'body' } }, 'gateways.main.endpoints.a/{id', /not a path/],
    [
      'no place for the model',
      { 'a/{id}': { methods: ['POST'], format: 'plain', model: 'path' } },
      'gateways.main.endpoints.a/{id}',
      /not one segment/,
    ],
    [
      'two places',
      { 'a/{model}': { methods: ['POST'], format: 'plain', model: 'body' } },
      'gateways.main.endpoints.a/{model}',
      /stands elsewhere/,
    ],
    [
      'a listed path in other letters',
      { 'Chat/completions': { methods: ['POST'], format: 'plain', model: 'body' } },
      'gateways.main.endpoints.Chat/completions',
      /differently/,
    ],
    [
      'an unknown format',
      { rerank: { methods: ['POST'], format: 'soap', model: 'body' } },
      'gateways.main.endpoints.rerank.format',
      /not known/,
    ],
    [
      'an unknown method',
      { rerank: { methods: ['TRACE'], format: 'plain', model: 'body' } },
      'gateways.main.endpoints.rerank.methods[0]',
      /not known/,
    ],
    [
      'no word on the model',
      { rerank: { methods: ['POST'], format: 'plain' } },
      'gateways.main.endpoints.rerank.model',
      /missing|not known/,
    ],
    [
      'a stored model',
      { rerank: { methods: ['POST'], format: 'plain', model: 'stored' } },
      'gateways.main.endpoints.rerank.model',
      /not known/,
    ],
    [
      'an unknown member',
      { rerank: { methods: ['POST'], format: 'plain', model: 'body', opne: true } },
      'gateways.main.endpoints.rerank.opne',
      /not a setting/,
    ],
    [
      'the same path twice',
      { 'a/{id}': { methods: ['POST'], format: 'plain', model: 'body' }, 'a/{name}': { methods: ['GET'], format: 'plain', model: 'none' } },
      'gateways.main.endpoints.a/{name}',
      /same path/,
    ],
  ])('with %s is a problem of the configuration', (_, endpoints, path, reason) => {
    expect(problemsOf(endpoints)).toContainEqual([path, expect.stringMatching(reason)])
  })

  test('below a stored object of a caller is a problem, since nobody would ask whose it is', () => {
    const problems = problemsOf({ 'videos/generations/{id}/content': { methods: ['GET'], format: 'plain', model: 'none' } }, 'freeai')
    expect(problems).toEqual([['gateways.main.endpoints.videos/generations/{id}/content', expect.stringContaining('tasks')]])
  })
})

describe('what the official client asks for', () => {
  forAnOpenGateway({}, (open) => {
    test('passes as it did', async () => {
      const { house } = open()
      const client = new OpenAI({ apiKey: house.callers.acme, baseURL: house.baseURL, maxRetries: 0 })
      const file = await toFile(Buffer.from('{"custom_id":"1"}\n'), 'lines.jsonl')
      const calls: readonly [what: string, call: () => Promise<unknown>][] = [
        ['POST /v1/chat/completions', () => client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] })],
        ['POST /v1/responses', () => client.responses.create({ model: 'm', input: 'Hello' })],
        ['GET /v1/responses/resp_1', () => client.responses.retrieve('resp_1')],
        ['POST /v1/embeddings', () => client.embeddings.create({ model: 'm', input: 'Hello', encoding_format: 'float' })],
        ['POST /v1/images/generations', () => client.images.generate({ model: 'm', prompt: 'a door' })],
        ['POST /v1/images/edits', () => client.images.edit({ model: 'm', prompt: 'a door', image: file })],
        ['POST /v1/audio/speech', () => client.audio.speech.create({ model: 'm', voice: 'alloy', input: 'Hello' })],
        ['POST /v1/audio/transcriptions', () => client.audio.transcriptions.create({ model: 'm', file })],
        ['POST /v1/moderations', () => client.moderations.create({ input: 'Hello' })],
        ['GET /v1/models', () => client.models.list()],
        ['GET /v1/models/gpt-4o', () => client.models.retrieve('gpt-4o')],
        ['POST /v1/files', () => client.files.create({ file, purpose: 'batch' })],
        ['GET /v1/files', () => client.files.list()],
        ['DELETE /v1/files/file-1', () => client.files.delete('file-1')],
        ['POST /v1/batches', () => client.batches.create({ input_file_id: 'file-1', endpoint: '/v1/responses', completion_window: '24h' })],
        ['POST /v1/vector_stores', () => client.vectorStores.create({ name: 'books' })],
        ['POST /v1/conversations', () => client.conversations.create({})],
        ['POST /v1/fine_tuning/jobs', () => client.fineTuning.jobs.create({ model: 'm', training_file: 'file-1' })],
      ]
      for (const [what, call] of calls) {
        await call()
        const { method, url } = open().upstream.seen.at(-1) as { method: string; url: string }
        expect(`${method} ${url}`).toBe(what)
      }
    })
  })
})

function problemsOf(endpoints: unknown, dialect = 'openai'): readonly (readonly [path: string, reason: string])[] {
  const config = {
    version: 1,
    gateways: { main: { dialect, ...(dialect === 'openai' ? { baseURL: 'https://gateway.example/v1' } : {}), endpoints } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' }, ...(dialect === 'freeai' ? { project: 'acme' } : {}) } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { acme: { team: 'acme' } } } },
  }
  const env = { KEY: dialect === 'freeai' ? 'gw_0123456789' : 'sk-0123456789', RING: ringEntry('acme', callerCredential()) }
  return checkConfig(config, { env, directory: '.' }).problems.map(({ path, reason }) => [path, reason])
}
