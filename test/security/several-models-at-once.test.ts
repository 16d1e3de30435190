import { describe, expect, test } from 'vitest'
import { forAnOpenGateway } from '../support/open-gateway.js'

const chat = { model: 'small', messages: [{ role: 'user', content: 'Hello' }] }
const search = { type: 'openrouter:web_search' }
const input = (...tools: readonly object[]): object => ({ model: 'small', input: [{ type: 'additional_tools', tools }] })
const panel = { model: 'small', analysis_models: ['small', 'embed-1'] }

describe('under a ceiling', () => {
  forAnOpenGateway({ config: { policies: { maxTokens: 100 } } }, (open) => {
    const ask = (members: object, query = ''): Promise<readonly unknown[]> =>
      open().ask('POST', `chat/completions${query}`, { ...chat, max_tokens: 100, ...members })

    test.each<[what: string, members: object]>([
      ['models with commas between them', { model: 'a,b,c' }],
      ['models with commas and blanks, for the fastest answer', { model: 'a, b', fastest_response: true }],
      ['a list of models', { model: ['a', 'b', 'c'] }],
      ['a list of one', { model: ['a'] }],
      ['an object in place of a model', { model: { id: 'a' } }],
      ['a model with a blank before it', { model: ' a' }],
      ['a model with a line break behind it', { model: 'a\n' }],
      ['an empty name', { model: '' }],
      ['nothing in its place', { model: null }],
      ['another spelling', { model: undefined, Model: 'a,b' }],
      ['members that are merged', { extra_body: { model: 'a,b' } }],
      ['a list that is merged', { extra_body: { model: ['a', 'b'] } }],
      ['a name that stands for several models', { model: 'openrouter/fusion' }],
      ['such a name with a prefix, a variant and other letters', { model: 'OpenRouter/OpenRouter/Fusion:online' }],
      ['such a name to fall back on', { models: ['a', 'openrouter/fusion'] }],
      ['such a name to fall back on, in a map', { fallbacks: [{ small: ['openrouter/fusion'] }] }],
    ])('a request is answered by one model, and not by %s', async (_, members) => {
      expect(await ask(members)).toEqual([400, 'request_malformed', 0, 'model'])
    })

    test.each(['model=a,b,c', 'model=a%2Cb', 'model=["a","b"]', 'model=a&model=b', 'model[]=a&model[]=b', 'MODEL=a,b'])(
      'a query asks for one model too: %s',
      async (query) => {
        expect(await ask({}, `?${query}`)).toEqual([400, 'request_malformed', 0, 'model'])
      },
    )

    test.each<[what: string, members: object, query?: string]>([
      ['a name with what names may hold', { model: '~org/x_y.z:free@2 (c)+d~[1m]' }],
      ['no model', { model: undefined }],
      ['models to fall back on', { models: ['a', 'b'], fallbacks: [{ model: 'c' }] }],
      ['a router that chooses one', { model: 'openrouter/auto', plugins: [{ id: 'auto-router' }, { id: 'pareto-router' }] }],
      ['a model in the query', {}, '?model=small'],
      ['a question about such names', { messages: [{ role: 'user', content: 'openrouter/fusion', model: ['a', 'b'] }] }],
    ])('%s passes', async (_, members, query) => {
      expect(await ask(members, query)).toEqual([200, undefined, 1])
    })

    test.each<[what: string, members: object]>([
      ['a panel whose judge is named', { plugins: [{ id: 'fusion', model: 'b', analysis_models: ['a', 'b'] }] }],
      ['a panel whose judge is empty', { plugins: [{ id: 'fusion', model: '' }] }],
      ['another spelling of the panel', { plugins: [{ id: 'Fusion' }] }],
      ['another spelling of a search', { plugins: [{ id: 'Web' }] }],
      ['a plugin that nobody knows', { plugins: [{ id: 'x' }] }],
      ['a plugin without an id', { plugins: [{ name: 'fusion' }] }],
      ['a plugin in one word', { plugins: ['fusion'] }],
      ['one behind a known one', { plugins: [{ id: 'web' }, { id: 'fusion' }] }],
      ['one that is merged', { extra_body: { plugins: [{ id: 'fusion' }] } }],
    ])('a plugin writes nothing beside the answer: %s', async (_, members) => {
      expect(await ask(members)).toEqual([400, 'request_malformed', 0, 'plugins'])
    })

    test.each<[members: object]>([
      [{ [`plugins${' '.repeat(30)}`]: [{ id: 'fusion' }] }],
      [{ tools: [{ 'type ': 'openrouter:subagent' }] }],
      [{ tools: [{ '"Type"': 'advisor_20260301', name: 'advisor' }] }],
      [{ [`context_management${'.'.repeat(70)}`]: { edits: [{ type: 'compact' }] } }],
    ])('what stands between the letters of a name hides nothing that writes beside the answer: %j', async (members) => {
      expect((await ask(members)).slice(0, 3)).toEqual([400, 'request_malformed', 0])
    })

    test.each([
      'openrouter:subagent',
      'openrouter:advisor',
      'openrouter:fusion',
      'openrouter:image_generation',
      'OpenRouter:Subagent',
      'openrouter/subagent',
      'OpenRouter:Web_Search',
      'orq:subagent',
      'vendor:x',
      'vendor\uff1ax',
      'subagent',
    ])('a tool of a gateway writes nothing beside the answer: %s', async (type) => {
      for (const tool of [{ type }, { type, model: 'small' }, { type, parameters: { tools: [search] } }])
        for (const members of [{ tools: [search, tool] }, { extra_body: { tools: [tool] } }])
          expect(await ask(members)).toEqual([400, 'request_malformed', 0, 'tools'])
      for (const tools of [input({ type }), { ...input(), tools: [{ type }] }])
        expect(await open().ask('POST', 'responses', { ...tools, max_output_tokens: 100 })).toEqual([400, 'request_malformed', 0, 'tools'])
    })

    test('tools and plugins that run no model pass', async () => {
      const plugins = ['web', 'web-fetch', 'file-parser', 'response-healing', 'context-compression', 'moderation'].map((id) => ({ id }))
      const tools = [search, { type: 'openrouter:datetime', parameters: { timezone: 'UTC' } }, { type: 'openrouter:web_fetch' }]
      expect(await ask({ plugins, tools, tool_choice: 'auto' })).toEqual([200, undefined, 1])
      const own = [{ type: 'web_search' }, { type: 'code_interpreter', container: { type: 'auto' } }, { type: 'custom', name: 'x' }]
      expect(await open().ask('POST', 'responses', { ...input(...own), max_output_tokens: 100, tools: own })).toEqual([200, undefined, 1])
    })
  })
})

describe('where only some models are allowed', () => {
  forAnOpenGateway({ config: { policies: { models: ['small', 'embed-*'] } } }, (open) => {
    test.each<[what: string, members: object]>([
      ['a panel whose judge is named', { plugins: [{ id: 'fusion', model: 'small' }] }],
      ['a panel of nobody', { plugins: [{ id: 'fusion', model: 'small', analysis_models: [] }] }],
      ['another spelling of a panel', { plugins: [{ id: 'Fusion', ...panel }] }],
      ['a plugin that nobody knows', { plugins: [{ id: 'x', model: 'small' }] }],
      ['a plugin in one word', { plugins: ['fusion'] }],
      ...[
        'openrouter:fusion',
        'openrouter:advisor',
        'openrouter:subagent',
        'openrouter:image_generation',
        'OpenRouter:Fusion',
        'openrouter_fusion',
        'orq:fusion',
        'orq:advisor',
        'vendor:x',
        'fusion',
      ].map((type): [string, object] => [`a tool ${type} with a model that it does not read`, { tools: [{ type, ...panel }] }]),
      ['a panel of a tool whose judge is named', { tools: [{ type: 'openrouter:fusion', parameters: { model: 'small' } }] }],
      ['a tool in another spelling', { tools: [{ type: 'OpenRouter:Advisor', parameters: { model: 'small' } }] }],
      ['a tool that nobody knows', { tools: [{ type: 'orq:advisor', parameters: { model: 'small' } }] }],
      ['a tool that asks another', { tools: [{ type: 'openrouter:advisor', parameters: { model: 'large' } }] }],
    ])('what may run another is refused: %s', async (_, members) => {
      expect((await open().ask('POST', 'chat/completions', { ...chat, ...members })).slice(0, 3)).toEqual([403, 'model_not_allowed', 0])
    })

    test('what may run another is refused in an item of the input too', async () => {
      for (const type of ['openrouter:fusion', 'orq:advisor', 'vendor:x'])
        expect((await open().ask('POST', 'responses', input({ type, model: 'small' }))).slice(0, 3)).toEqual([403, 'model_not_allowed', 0])
    })

    test.each<[what: string, members: object]>([
      ['a panel of allowed models', { plugins: [{ id: 'fusion', ...panel }] }],
      ['a panel of a tool', { tools: [{ type: 'openrouter:fusion', parameters: panel }] }],
      ['an allowed adviser', { tools: [{ type: 'openrouter:advisor', parameters: { model: 'small', tools: [search] } }] }],
      ['an allowed model of Anthropic’s adviser', { tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'small' }] }],
      ['what runs none', { tools: [search], plugins: [{ id: 'web' }, { id: 'response-healing' }] }],
      ['plugins that are none of a gateway', { plugins: { search: { engine: 'x' } } }],
    ])('%s passes', async (_, members) => {
      expect(await open().ask('POST', 'chat/completions', { ...chat, ...members })).toEqual([200, undefined, 1])
    })

    test('a refusal names the tool', async () => {
      const answer = await fetch(`${open().house.baseURL}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${open().house.callers.acme}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...chat, tools: [{ type: 'openrouter:fusion', model: 'small' }] }),
      })
      expect(await answer.text()).toContain('openrouter:fusion')
    })
  })
})

describe('under a ceiling, where the path names the model', () => {
  const endpoints = { 'engines/{model}/completions': { methods: ['POST' as const], format: 'chat' as const, model: 'path' as const } }
  forAnOpenGateway({ settings: { endpoints }, config: { policies: { maxTokens: 100 } } }, (open) => {
    test.each([
      ['small', [200, undefined, 1]],
      ['a,b', [400, 'request_malformed', 0, 'model']],
      ['a%2Cb', [400, 'request_malformed', 0, 'model']],
    ])('a path asks for one model too: %s', async (model, expected) => {
      expect(await open().ask('POST', `engines/${model}/completions`, { prompt: 'a', max_tokens: 100 })).toEqual(expected)
    })
  })
})
