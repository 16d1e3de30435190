import { describe, expect, test } from 'vitest'
import { forAnOpenGateway } from '../support/open-gateway.js'

const chat = { model: 'small', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 50 }
const response = { model: 'small', input: 'Hello', max_output_tokens: 50 }
const shared = {
  keys: { one: { gateway: 'main', secret: { env: 'ACME' } } },
  bindings: [
    { team: 'acme', key: 'one' },
    { team: 'globex', key: 'one' },
  ],
}
const gemini = { model: 'small', generationConfig: { maxOutputTokens: 50 }, contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] }
const generate = { methods: ['POST' as const], model: 'body' as const, format: 'generate-content' as const }
const settings = { endpoints: { generate, messages: { methods: ['POST' as const], model: 'body' as const, format: 'messages' as const } } }
const malformed = [400, 'request_malformed', 0]
const passed = [200, undefined, 1]
const type = 'multipart/form-data; boundary=b'
const form = (name: string, value: string, more = ''): string =>
  `--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nsmall\r\n--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n--b--\r\n`

/** What LiteLLM, the clients of Python and other gateways write over the body. */
const merged = [
  'extra_body',
  'extraBody',
  'extra_json',
  'litellm_params',
  'optional_params',
  'providerOptions',
  'provider_options',
  'parameters',
  'nvext',
  'options',
  '__proto__',
]
/** Each name with each value, right in such an object, deeper in it, and where the object is not outermost. */
const within = (around: string, names: readonly string[], values: readonly string[] = ['null']): readonly string[] =>
  names
    .flatMap((name) => values.map((value) => `{"${name}":${value}}`))
    .flatMap((said) => [`{"${around}":${said}}`, `{"${around}":{"deep":[${said}]}}`, `{"x":{"${around}":${said}}}`])
const withMembers = (body: object, members: string): string => `${JSON.stringify(body).slice(0, -1)},${members.slice(1)}`

describe('null among settings that are written over the body', () => {
  forAnOpenGateway({ config: { policies: { maxTokens: 100 } } }, (open) => {
    const names = ['max_tokens', 'maxTokens', 'max_completion_tokens', 'max_new_tokens', 'num_predict', 'n', 'best_of']
    test.each(merged)('does not take a ceiling back in %s', async (around) => {
      for (const members of within(around, names))
        expect((await open().ask('POST', 'chat/completions', withMembers(chat, members))).slice(0, 3), members).toEqual(malformed)
    })

    test.each(['{"extra_body":{"max_output_tokens":null}}', '{"extra_body":{"max_output_tokens":""}}'])(
      'takes no ceiling of a response back: %s',
      async (members) => {
        expect((await open().ask('POST', 'responses', withMembers(response, members))).slice(0, 3)).toEqual(malformed)
      },
    )

    test.each([
      '{"extra_body":"{\\"max_tokens\\":null}"}',
      '{"extra_body":{"max_new_tokens":""}}',
      '{"generationConfig":{"maxOutputTokens":null}}',
    ])('takes no ceiling back in another dress: %s', async (members) => {
      expect((await open().ask('POST', 'chat/completions', withMembers(chat, members))).slice(0, 3)).toEqual(malformed)
    })

    test.each([
      '{"max_completion_tokens":null,"n":null}',
      '{"reasoning":{"max_tokens":null,"effort":"low"}}',
      '{"extra_body":{"temperature":null,"min_tokens":null,"top_k":null,"seed":null}}',
      '{"extra_body":null}',
      '{"tools":[{"type":"function","function":{"name":"f","parameters":{"max_tokens":null}}}]}',
      '{"metadata":{"n":null}}',
    ])('says nothing of a ceiling elsewhere, and passes: %s', async (members) => {
      expect(await open().ask('POST', 'chat/completions', withMembers(chat, members))).toEqual(passed)
    })
  })

  forAnOpenGateway({ settings, config: { policies: { maxTokens: 100 } } }, (open) => {
    test.each(merged)('takes no object back that holds the ceiling, in %s', async (around) => {
      expect(await open().ask('POST', 'generate', gemini)).toEqual(passed)
      for (const members of within(around, ['generationConfig'], ['null', '""']))
        expect((await open().ask('POST', 'generate', withMembers(gemini, members))).slice(0, 3), members).toEqual(malformed)
    })
  })

  forAnOpenGateway({ config: { policies: { models: ['small'] } } }, (open) => {
    test.each(merged)('does not take the model back in %s', async (around) => {
      for (const members of within(around, ['model', 'model_id', 'modelName'])) {
        const [status, code, sent] = await open().ask('POST', 'chat/completions', withMembers(chat, members))
        expect([status, code, sent], members).toEqual([403, 'model_not_allowed', 0])
      }
    })

    test.each(['extra_body[model]=null', 'extra_body[model]', 'litellm_params[model_id]=null'])(
      'takes no model back in a query or a form: %s',
      async (pair) => {
        const refused = [403, 'model_not_allowed', 0]
        expect((await open().ask('POST', `chat/completions?${pair}`, chat)).slice(0, 3)).toEqual(refused)
        const [name = '', value = ''] = pair.split('=')
        expect((await open().ask('POST', 'audio/transcriptions', form(name, value), { type })).slice(0, 3)).toEqual(refused)
      },
    )

    test.each(['{"fallbacks":null,"models":null}', '{"extra_body":{"fallbacks":null}}', '{"tools":[{"type":"x","model":null}]}'])(
      'says nothing of a model elsewhere, and passes: %s',
      async (members) => expect(await open().ask('POST', 'chat/completions', withMembers(chat, members))).toEqual(passed),
    )
  })

  forAnOpenGateway({ config: shared }, (open) => {
    test.each(merged)('does not have an answer stored in %s', async (around) => {
      for (const members of within(around, ['store'], ['null', 'true', '""', '0'])) {
        const [status, code, sent] = await open().ask('POST', 'responses', withMembers(response, members))
        expect([status, code, sent], members).toEqual([403, 'endpoint_not_allowed', 0])
      }
    })

    test.each(['extra_body[store]=null', 'extra_body[store]', 'extra_json[store]=null'])(
      'has nothing stored by a query: %s',
      async (query) => {
        expect((await open().ask('POST', `responses?${query}`, response)).slice(0, 3)).toEqual([403, 'endpoint_not_allowed', 0])
      },
    )

    test.each(['{"store":null}', '{"extra_body":{"store":false}}', '{"extra_body":{"previous_response_id":null}}'])(
      'stores nothing elsewhere, and passes: %s',
      async (members) => expect(await open().ask('POST', 'responses', withMembers(response, members))).toEqual(passed),
    )
  })

  forAnOpenGateway({ settings, config: { policies: { pinUser: true } } }, (open) => {
    test.each(merged)('does not take the verified user back in %s', async (around) => {
      for (const members of within(around, ['user', 'safety_identifier']))
        expect((await open().ask('POST', 'chat/completions', withMembers(chat, members))).slice(0, 3), members).toEqual(malformed)
    })

    test.each(merged)('takes no metadata back in which the user is pinned, in %s', async (around) => {
      for (const members of within(around, ['metadata'], ['null', '{}', '{"ticket":"7"}']))
        expect((await open().ask('POST', 'messages', withMembers(chat, members))).slice(0, 3), members).toEqual(malformed)
    })

    test('where metadata is not pinned, it stands among settings', async () => {
      expect(await open().ask('POST', 'chat/completions', { ...chat, extra_body: { metadata: { ticket: '7' } } })).toEqual(passed)
    })
  })
})

describe.each([
  ['a ceiling', { policies: { maxTokens: 100 } }, false],
  ['a list of models', { policies: { models: ['small'] } }, true],
  ['a pinned user', { policies: { pinUser: true } }, true],
  ['a key of several tenants', shared, true],
] as const)('under %s', (_, config, takesForms) => {
  forAnOpenGateway({ config: config as object }, (open) => {
    test.each(
      [
        { additional_drop_params: ['max_tokens', 'user', 'store', 'model'] },
        { ADDITIONAL_DROP_PARAMS: ['max_tokens'] },
        { additionalDropParams: 'max_tokens' },
        { drop_params: true },
        { 'drop-params': 'true' },
        { dropped_parameters: ['store'] },
        { allowed_openai_params: ['max_tokens'] },
        { modify_params: true },
        { [`drop_params${' '.repeat(120)}`]: true },
        { extra_body: { [`${'_'.repeat(60)}additional_drop_params`]: ['max_tokens'] } },
        { extra_body: { additional_drop_params: ['max_tokens'] } },
        { litellm_params: { deep: [{ drop_params: 1 }] } },
        { x: { y: { unsupported_params: { user: true } } } },
        { param_map: { max_tokens: 'x' } },
        { paramMapping: { user: 'x' } },
        { parameter_aliases: { store: 'x' } },
        { rename_params: { model: 'x' } },
        { renamed_fields: { model: 'x' } },
        { remove_params: ['user'] },
        { omit_fields: ['user'] },
        { mapped_params: {} },
      ].map((members) => [JSON.stringify(members)]),
    )('no member drops or renames others: %s', async (members) => {
      expect((await open().ask('POST', 'chat/completions', withMembers(chat, members))).slice(0, 3)).toEqual(malformed)
    })

    test.each([
      'drop_params=true',
      'additional_drop_params[]=max_tokens',
      'extra_body[additional_drop_params][0]=user',
      'litellm_params={"drop_params":true}',
    ])('no query and no form drops or renames members: %s', async (pair) => {
      expect((await open().ask('POST', `chat/completions?${pair}`, chat)).slice(0, 3)).toEqual(malformed)
      const [name = '', value = ''] = pair.split('=')
      if (!takesForms) return
      expect((await open().ask('POST', 'audio/transcriptions', form(name, value), { type })).slice(0, 3)).toEqual(malformed)
      if (!name.includes('drop')) return
      expect((await open().ask('POST', 'audio/transcriptions', form(name, value, '; filename="a.txt"'), { type }))[2]).toBe(0)
    })

    test.each(
      [
        { drop_params: false, additional_drop_params: [], allowed_openai_params: null },
        { drop_last: true, dropout: 0.1, dropout_params: { p: 1 }, dropdown_options: ['a'], backdrop_options: 1, dropbox_options: {} },
        { translation_params: { to: 'de' }, query_rewrite_params: { k: 1 } },
        { provider: { require_parameters: true, ignore: ['a'], only: ['b'] }, skip_special_tokens: true, ignore_eos: true },
        { parameters: { temperature: 1 }, override_params: { temperature: 1 }, sampling_params: { top_k: 5 } },
        { search: { fields_mapping: { content_fields: ['a'] }, exclude_fields: ['b'] } },
        { metadata: { drop_params: 'true' } },
        { messages: [{ role: 'user', content: 'Hello', drop_params: true }] },
        { tools: [{ type: 'function', function: { name: 'f', parameters: { properties: { drop_params: { type: 'boolean' } } } } }] },
        { guided_json: { properties: { drop_params: { type: 'boolean' } } } },
      ].map((members) => [JSON.stringify(members)]),
    )('what drops and renames nothing passes: %s', async (members) => {
      expect(await open().ask('POST', 'chat/completions', { ...chat, ...(JSON.parse(members) as object) })).toEqual(passed)
    })
  })
})

forAnOpenGateway({}, (open) => {
  test('where no policy reads members, the caller may have some dropped', async () => {
    expect(await open().ask('POST', 'chat/completions', { ...chat, drop_params: true })).toEqual(passed)
  })
})
