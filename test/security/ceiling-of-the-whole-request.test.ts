import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { forAnOpenGateway } from '../support/open-gateway.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'

const chat = { model: 'small', messages: [{ role: 'user', content: 'Hello' }] }
const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item)

// The ceiling of 100 is of all answers to a request together.
forAnOpenGateway({ config: { policies: { maxTokens: 100 } } }, (open) => {
  test.each<[what: string, path: string, body: object, passes: boolean]>([
    ['one prompt', 'completions', { prompt: 'a', max_tokens: 100 }, true],
    ['two prompts', 'completions', { prompt: ['a', 'b'], max_tokens: 50 }, true],
    ['two prompts, each with the whole', 'completions', { prompt: ['a', 'b'], max_tokens: 100 }, false],
    ['three hundred prompts of one token', 'completions', { prompt: times(300, 'a'), max_tokens: 1 }, false],
    ['a list of tokens, which is one prompt', 'completions', { prompt: times(500, 42), max_tokens: 100 }, true],
    ['two lists of tokens', 'completions', { prompt: [[1, 2], [3]], max_tokens: 51 }, false],
    ['two lists of tokens, half each', 'completions', { prompt: [[1, 2], [3]], max_tokens: 50 }, true],
    ['tokens with a prompt among them', 'completions', { prompt: [1, 2, 'and a prompt'], max_tokens: 100 }, false],
    ['prompts that are objects', 'completions', { prompt: times(9, { text: 'a' }), max_tokens: 50 }, false],
    ['a prompt, and one that is embedded', 'completions', { prompt: ['a'], prompt_embeds: ['AAAA'], max_tokens: 51 }, false],
    ['the same, half each', 'completions', { prompt: 'a', prompt_embeds: ['AAAA'], max_tokens: 50 }, true],
    ...['additional_tools', 'tool_search_output'].map((type): [string, string, object, boolean] => [
      `a tool that draws, in an item of the type ${type}`,
      'responses',
      {
        max_output_tokens: 100,
        input: [
          { type, role: 'developer', tools: [{ type: 'image_generation' }] },
          { role: 'user', content: 'a' },
        ],
      },
      false,
    ]),
    [
      'a tool with a model, in a namespace of an item',
      'responses',
      { max_output_tokens: 100, input: [{ type: 'additional_tools', tools: [{ type: 'namespace', tools: [{ type: 'x', model: 'b' }] }] }] },
      false,
    ],
    ['a plugin that asks several models', 'chat/completions', { max_tokens: 100, plugins: [{ id: 'fusion' }] }, false],
    ['a tool that asks several models', 'chat/completions', { max_tokens: 100, tools: [{ type: 'openrouter:fusion' }] }, false],
    ['a plugin that searches', 'chat/completions', { max_tokens: 100, plugins: [{ id: 'web' }] }, true],
    ['prompts that are embedded', 'completions', { prompt: 'a', prompt_embeds: times(9, 'AAAA'), max_tokens: 50 }, false],
    ['a ceiling where some merge it', 'chat/completions', { ...chat, max_tokens: 50, extra_body: { max_tokens: 5000 } }, false],
    ['copies where some merge them', 'chat/completions', { ...chat, max_tokens: 50, extra_body: { deep: { n: 9 } } }, false],
    ['a ceiling among parameters', 'chat/completions', { ...chat, max_tokens: 50, parameters: { max_new_tokens: 5000 } }, false],
    ['a ceiling among options', 'chat/completions', { ...chat, max_tokens: 50, options: { num_predict: 5000 } }, false],
    ['a ceiling of another API', 'chat/completions', { ...chat, max_tokens: 50, generationConfig: { maxOutputTokens: 5000 } }, false],
    ['options that ask for no more', 'chat/completions', { ...chat, max_tokens: 50, options: { temperature: 1 } }, true],
    [
      'a ceiling among parameters that are merged',
      'chat/completions',
      { ...chat, max_tokens: 50, extra_body: { parameters: { max_tokens: 5000 } } },
      false,
    ],
    ...[
      'sampling_params',
      'samplingParams',
      'nvext',
      'provider_options',
      'inferenceConfig',
      'additionalModelRequestFields',
      'override_params',
      'a_name_of_its_own',
      '__proto__',
    ].flatMap((name): [string, string, object, boolean][] => [
      [`a ceiling in ${name}`, 'chat/completions', { ...chat, max_tokens: 50, [name]: { deep: { max_tokens: 5000 } } }, false],
      [`a ceiling of other words in ${name}`, 'chat/completions', { ...chat, max_tokens: 50, [name]: { maxNewTokens: '5000' } }, false],
      [`copies in ${name}`, 'chat/completions', { ...chat, max_tokens: 50, [name]: [{ n: 9 }] }, false],
      [`what asks for no more in ${name}`, 'chat/completions', { ...chat, max_tokens: 50, [name]: { top_k: 50, stop: ['n'] } }, true],
    ]),
    ...[
      'max_gen_tokens',
      'num_samples',
      'samples',
      'num_outputs',
      'n_completions',
      'maxAnswerTokens',
      'token_limit',
      'n_predict',
      'answerCount',
    ].map((name): [string, string, object, boolean] => [
      `${name} beside the ceiling`,
      'chat/completions',
      { ...chat, max_tokens: 50, [name]: 900 },
      false,
    ]),
    ['thoughts that fit beside the answer', 'chat/completions', { ...chat, max_tokens: 50, reasoning: { max_tokens: 50 } }, true],
    ['thoughts that do not', 'chat/completions', { ...chat, max_tokens: 51, reasoning: { max_tokens: 50 } }, false],
    ['a budget for thinking that does not', 'chat/completions', { ...chat, max_tokens: 90, thinking: { budget_tokens: 50 } }, false],
    ['one in settings', 'chat/completions', { ...chat, max_tokens: 90, extra_body: { thinking_budget: 50 } }, false],
    ['one for each of several answers', 'chat/completions', { ...chat, n: 2, max_tokens: 30, thinking_budget: 30 }, false],
    ['one for each that fits', 'chat/completions', { ...chat, n: 2, max_tokens: 30, thinking_budget: 20 }, true],
    ['a budget that the provider chooses', 'chat/completions', { ...chat, max_tokens: 50, thinking_budget: -1 }, false],
    ['one in a list', 'chat/completions', { ...chat, max_tokens: 90, thinking_budget: [50] }, false],
    ['thinking with an effort', 'chat/completions', { ...chat, max_tokens: 100, reasoning: { effort: 'high' } }, true],
    ['more thoughts than the answer may have', 'chat/completions', { ...chat, max_tokens: 90, reasoning: { max_tokens: 5000 } }, false],
    ['least tokens within the ceiling', 'chat/completions', { ...chat, max_tokens: 90, min_tokens: 5 }, true],
    ['more tokens at least than at most', 'chat/completions', { ...chat, max_tokens: 90, min_tokens: 5000 }, false],
    [
      'how much is read',
      'responses',
      { model: 'm', input: 'a', max_output_tokens: 90, max_tool_calls: 500, tools: [{ type: 'file_search', max_num_results: 500 }] },
      true,
    ],
    ['a message that speaks of it', 'chat/completions', { model: 'm', messages: [{ ...chat.messages[0], n: 9 }], max_tokens: 50 }, true],
    [
      'a function that takes a number of tokens',
      'chat/completions',
      {
        ...chat,
        max_tokens: 50,
        tools: [
          {
            type: 'function',
            function: { name: 'f', parameters: { properties: { n: { type: 'integer' }, max_tokens: { default: 5000 } }, n: 9 } },
          },
        ],
        metadata: { n: '9', max_tokens: '5000' },
      },
      true,
    ],
    ['empty lists of tokens', 'completions', { prompt: times(101, []), max_tokens: 1 }, false],
    ['prompts and copies', 'completions', { prompt: times(5, 'a'), n: 3, max_tokens: 7 }, false],
    ['prompts and copies that just fit', 'completions', { prompt: times(5, 'a'), n: 2, max_tokens: 10 }, true],
    ['prompts and the best of many', 'completions', { prompt: times(5, 'a'), best_of: 5, n: 2, max_tokens: 5 }, false],
    ['prompts and the best of few', 'completions', { prompt: times(5, 'a'), best_of: 4, n: 2, max_tokens: 5 }, true],
    ['prompts under another name', 'completions', { prompt: 'a', prompts: times(50, 'b'), max_tokens: 50 }, false],
    ['conversations in a list of lists', 'chat/completions', { model: 'm', messages: times(3, chat.messages), max_tokens: 50 }, false],
    ['one long conversation', 'chat/completions', { model: 'm', messages: times(40, chat.messages[0]), max_tokens: 100 }, true],
    ['a chat with a list of prompts beside it', 'chat/completions', { ...chat, prompt: times(9, 'a'), max_tokens: 50 }, false],
    ['copies in the words of another API', 'chat/completions', { ...chat, max_tokens: 50, num_return_sequences: 9 }, false],
    ['candidates in the words of another API', 'chat/completions', { ...chat, max_tokens: 50, candidateCount: 9 }, false],
    ['a higher ceiling in the words of another API', 'chat/completions', { ...chat, max_tokens: 50, max_new_tokens: 5000 }, false],
    ['a ceiling in the words of another API alone', 'chat/completions', { ...chat, max_output_tokens: 50 }, false],
    ['several inputs', 'responses', { model: 'm', input: ['a', 'b', 'c'], max_output_tokens: 50 }, false],
    [
      'one input of many items',
      'responses',
      { model: 'm', input: times(20, { role: 'user', content: 'a' }), max_output_tokens: 100 },
      true,
    ],
    ['copies of a response', 'responses', { model: 'm', input: 'a', n: 3, max_output_tokens: 50 }, false],
    ['agents beside the answer', 'responses', { model: 'm', input: 'a', max_output_tokens: 50, multi_agent: { enabled: true } }, false],
    [
      'a tool with a model of its own',
      'responses',
      { model: 'm', input: 'a', max_output_tokens: 50, tools: [{ type: 'agent', model: 'm' }] },
      false,
    ],
    [
      'a tool with an agent that has one',
      'chat/completions',
      { ...chat, max_tokens: 50, tools: [{ type: 'helper', agent: { model: 'small' } }] },
      false,
    ],
    ...(
      [
        ['a summary of the conversation', [{ type: 'compaction', compact_threshold: 1000 }], false],
        ['a summary in the words of Anthropic', { edits: [{ type: 'compact_20260112', instructions: 'Write a book.' }] }, false],
        ['a summary behind what only leaves out', { edits: [{ type: 'clear_tool_uses_20250919' }, { type: 'compact_20260112' }] }, false],
        ['an edit that nobody knows', { edits: [{ type: 'rewrite_20270101' }] }, false],
        [
          'an edit that only leaves out',
          { edits: [{ type: 'clear_tool_uses_20250919', trigger: { type: 'input_tokens', value: 9 } }] },
          true,
        ],
        ['no edit of the conversation', null, true],
      ] as const
    ).map(([what, context_management, passes]): [string, string, object, boolean] => [
      what,
      'responses',
      { model: 'm', input: 'a', max_output_tokens: 50, context_management },
      passes,
    ]),
    [
      'a summary among settings, in another spelling',
      'chat/completions',
      { ...chat, max_tokens: 50, extra_body: { contextManagement: [{ type: 'compaction' }] } },
      false,
    ],
    ['a summary that is asked for itself', 'chat/completions', { ...chat, max_tokens: 50, compaction: { enabled: true } }, false],
    [
      'a summary that an input item begins',
      'responses',
      { model: 'm', input: [{ role: 'user', content: 'a' }, { type: 'compaction_trigger' }], max_output_tokens: 50 },
      false,
    ],
    [
      'an earlier summary that is sent again',
      'responses',
      {
        model: 'm',
        input: [
          { type: 'compaction', encrypted_content: 'AAAA' },
          { role: 'user', content: 'a' },
        ],
        max_output_tokens: 50,
      },
      true,
    ],
    ['a tool that draws', 'responses', { model: 'm', input: 'a', max_output_tokens: 50, tools: [{ type: 'image_generation' }] }, false],
    [
      'a function that is called model',
      'chat/completions',
      {
        ...chat,
        max_tokens: 100,
        tools: [{ type: 'function', function: { name: 'model', parameters: { properties: { model: { type: 'string' } } } } }],
      },
      true,
    ],
  ])('%s (%s)', async (_, path, body, passes) => {
    const [status, code, sent] = await open().ask('POST', path, body)
    expect([status, code, sent]).toEqual(passes ? [200, undefined, 1] : [400, 'request_malformed', 0])
  })

  test.each(['Prompt', 'PROMPTS', 'Messages', 'num-return-sequences', 'maxNewTokens', 'multiAgent'])(
    '%s is not read past',
    async (name) => {
      expect((await open().ask('POST', 'chat/completions', { ...chat, max_tokens: 10, [name]: times(50, 'a') })).slice(0, 3)).toEqual([
        400,
        'request_malformed',
        0,
      ])
    },
  )

  test.each(['extra_body[max_tokens]=5000', '%256e=9', 'options.num_predict=9', 'json=%7B"n":9%7D', 'max_gen_tokens=500'])(
    'a query says nothing of a ceiling: %s',
    async (query) => {
      expect((await open().ask('POST', `chat/completions?${query}`, { ...chat, max_tokens: 10 })).slice(0, 3)).toEqual([
        400,
        'request_malformed',
        0,
      ])
    },
  )

  test('a session’s own ceiling is of the whole request too', async () => {
    const { token } = await open().house.minter.mint({ team: 'acme', maxTokens: 10 })
    expect((await open().ask('POST', 'completions', { prompt: ['a', 'b'], max_tokens: 10 }, { credential: token })).slice(0, 3)).toEqual([
      400,
      'request_malformed',
      0,
    ])
    expect(await open().ask('POST', 'completions', { prompt: ['a', 'b'], max_tokens: 5 }, { credential: token })).toEqual([
      200,
      undefined,
      1,
    ])
  })
})

describe('Google’s and Anthropic’s formats', () => {
  forEachDoor({ gateway: 'mintoken', config: { policies: { maxTokens: 100, models: ['claude', 'gemini'] } } }, (house) => {
    const ask = async (path: string, body: object): Promise<readonly [number, string | undefined, number]> => {
      const before = house().emulator.seen.length
      const answer = await rawChat(house(), [], { path: `/ai/v1/${path}`, body: JSON.stringify(body) })
      return [statusOf(answer), codeOf(answer), house().emulator.seen.length - before]
    }
    const claude = { model: 'claude', max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }
    const part = { role: 'user', parts: [{ text: 'Hello' }] }
    const gemini = { model: 'gemini', generationConfig: { maxOutputTokens: 50 }, contents: [part] }

    test.each<[what: string, path: string, body: object, code: string | undefined]>([
      ['what is allowed', 'messages', claude, undefined],
      [
        'several conversations',
        'messages',
        { ...claude, messages: [claude.messages, claude.messages, claude.messages] },
        'request_malformed',
      ],
      ['an allowed model to fall back on', 'messages', { ...claude, fallbacks: [{ model: 'gemini' }] }, undefined],
      ['another model to fall back on', 'messages', { ...claude, fallbacks: [{ model: 'opus' }] }, 'model_not_allowed'],
      ['whatever the provider falls back on', 'messages', { ...claude, fallbacks: 'default' }, 'model_not_allowed'],
      [
        'a tool that asks another model',
        'messages',
        { ...claude, tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'opus' }] },
        'model_not_allowed',
      ],
      [
        'a tool that is defined in a message',
        'messages',
        { ...claude, messages: [{ role: 'system', content: [{ type: 'tool_change', tool: { type: 'advisor', model: 'opus' } }] }] },
        'model_not_allowed',
      ],
      [
        'a function that is called with a model',
        'messages',
        {
          ...claude,
          messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'sell', input: { model: 'Tesla 3' } }] }],
        },
        undefined,
      ],
      ['what is allowed of Google', 'generateContent', gemini, undefined],
      ['several questions', 'generateContent', { ...gemini, contents: [[part], [part], [part]] }, 'request_malformed'],
      ['a batch', 'generateContent', { ...gemini, requests: [[part], [part], [part]] }, 'request_malformed'],
      [
        'a function that is called with a model, by Google',
        'generateContent',
        { ...gemini, contents: [{ role: 'model', parts: [{ functionCall: { name: 'sell', args: { model: 'Tesla 3' } } }] }] },
        undefined,
      ],
    ])('%s (%s)', async (_, path, body, code) => {
      expect((await ask(path, body)).slice(1)).toEqual(code === undefined ? [undefined, 1] : [code, 0])
    })
  })
})

describe('every member that names a model', () => {
  forAnOpenGateway({ config: { policies: { models: ['small', 'embed-*'] } } }, (open) => {
    test.each<[what: string, path: string, members: object]>([
      ['the resource of a model', 'chat/completions', { model_arn: 'large' }],
      ['a model in place of the one that is named', 'chat/completions', { modelOverride: 'large' }],
      ['a group of models', 'chat/completions', { options: { 'model-group': 'large' } }],
      ['a model of its own, by name', 'chat/completions', { model_config: { name: 'large' } }],
      ['models of their own, by id', 'chat/completions', { model_pool: [{ id: 'small' }, { id: 'large' }] }],
      ['a list to fall back on', 'chat/completions', { models: ['small', 'large'] }],
      ['a list of objects to fall back on', 'chat/completions', { fallbacks: [{ model: 'large' }] }],
      ['a list to fall back on, by model', 'chat/completions', { fallbacks: [{ small: ['large'] }] }],
      ['a map beside a name that sounds like a model', 'chat/completions', { fallbacks: [{ small: ['large'], x_model: 'small' }] }],
      ['a map beside a documented member', 'chat/completions', { fallbacks: [{ small: ['large'], model: 'small' }] }],
      ['a map of an allowed name', 'chat/completions', { fallbacks: [{ model: 'small', small: [['small', 'large']] }] }],
      ['a map to an object', 'chat/completions', { fallbacks: [{ model: 'small', small: { model: 'small', to: 'large' } }] }],
      ['a map beside a list', 'chat/completions', { context_window_fallbacks: [{ small: ['large'], models: ['small'] }] }],
      ['a map that is the whole value', 'chat/completions', { extra_body: { fallbacks: { x_model: 'small', small: 'large' } } }],
      ['a member of an entry that nobody documents', 'chat/completions', { models: [{ model: 'small', x: 'large' }] }],
      ['an entry that names none', 'chat/completions', { models: [{ temperature: 1 }] }],
      ['an entry without members', 'chat/completions', { models: [{}] }],
      ['another name for a model', 'chat/completions', { model_group_alias: { small: 'large' } }],
      ['a deployment with a decoy', 'chat/completions', { deployment: { model: 'small', x: 'large' } }],
      ['one for long contexts', 'chat/completions', { context_window_fallbacks: ['large'] }],
      ['a tool that draws with what it likes', 'responses', { tools: [{ type: 'image_generation' }] }],
      ['the same in an item', 'responses', { input: [{ type: 'additional_tools', tools: [{ type: 'image_generation' }] }] }],
      ['a tool that asks several models', 'chat/completions', { tools: [{ type: 'openrouter:advisor' }] }],
      ['one for each model', 'chat/completions', { context_window_fallback_dict: { small: 'large' } }],
      ['a list for each model', 'chat/completions', { extra_body: { contentPolicyFallbackDict: { small: ['small', 'large'] } } }],
      ['an object for each model', 'chat/completions', { fallback_map: { small: { to: 'large' } } }],
      ['an adapter, by its path', 'chat/completions', { lora_path: 'large' }],
      ['one of several adapters', 'chat/completions', { extra_body: { lora_paths: ['small', 'large'] } }],
      ['an adapter that is described', 'chat/completions', { lora_request: { lora_name: 'x', path: 'large' } }],
      ['an adapter by its id', 'chat/completions', { parameters: { adapter_id: 'large', adapter_source: 'hub' } }],
      ['a number in its place', 'chat/completions', { models: [7] }],
      ['a tool', 'chat/completions', { tools: [{ type: 'helper', model: 'large' }] }],
      ['an agent of a tool', 'responses', { tools: [{ type: 'agent', agent: { instructions: 'x', model: 'large' } }] }],
      ['a tool deep within', 'responses', { tools: [{ type: 'a', b: [{ c: { d: [{ model_id: 'large' }] } }] }] }],
      ['a server’s tool with parameters', 'chat/completions', { tools: [{ type: 'vendor:draw', parameters: { model: 'large' } }] }],
      ['a tool that draws', 'responses', { tools: [{ type: 'image_generation', model: 'large' }] }],
      ['tools that come with the input', 'responses', { input: [{ type: 'additional_tools', tools: [{ type: 'x', model: 'large' }] }] }],
      ['moderation', 'responses', { moderation: { model: 'large' } }],
      ['a judge', 'chat/completions', { judge: { judgeModel: 'large' } }],
      ['plugins', 'chat/completions', { plugins: [{ id: 'fusion', analysis_models: ['small', 'large'] }] }],
      ['a session', 'chat/completions', { session: { model: 'large' } }],
      ['a transcription', 'chat/completions', { audio: { input: { transcription: { model: 'large' } } } }],
      ['an engine', 'completions', { engine: 'large' }],
      ['a deployment', 'completions', { deployment_id: 'large' }],
      ['other letters', 'chat/completions', { options: { MODEL: 'large' } }],
      ['letters that are folded', 'chat/completions', { options: { ｍodel: 'large' } }],
      ['an object in its place', 'chat/completions', { options: { model: { id: 'large' } } }],
      ['a stored prompt', 'responses', { prompt: { id: 'pmpt_1' } }],
      ['a preset', 'chat/completions', { preset: 'the-large-one' }],
      ['an agent by its name', 'responses', { agent: { type: 'agent_reference', name: 'writer' } }],
      ['a reference to an agent', 'responses', { agent_reference: { type: 'agent_reference', name: 'writer' } }],
      ['an agent as a text', 'responses', { agent: 'writer' }],
      ['a list of agents', 'responses', { agents: ['writer'] }],
      ['an assistant', 'chat/completions', { assistant_id: 'asst_1' }],
      ['an app', 'chat/completions', { appId: 'app_1' }],
      [
        'a grader',
        'fine_tuning/jobs',
        { training_file: 'f', method: { reinforcement: { grader: { type: 'score_model', model: 'large' } } } },
      ],
      ['a grader of an evaluation', 'evals', { testing_criteria: [{ type: 'label_model', model: 'large' }] }],
      ['parameters that are merged', 'chat/completions', { extra_body: { parameters: { model: 'large' } } }],
      ['metadata that is merged', 'chat/completions', { extra_body: { metadata: { model: 'large' } } }],
      ['tools that are merged', 'chat/completions', { extra_body: { tools: [{ type: 'function', parameters: { model: 'large' } }] } }],
      ['an engine that is merged', 'chat/completions', { extra_body: { engine: 'large' } }],
      ['variables of something else', 'chat/completions', { x: { variables: { model: 'large' } } }],
      ['a schema of something else', 'chat/completions', { options: { schema: { model: 'large' } } }],
      ['what a function returned, outside of a conversation', 'chat/completions', { functionResponse: { response: { model: 'large' } } }],
      [
        'what a function was called with, outside of a conversation',
        'chat/completions',
        { a: { functionCall: { args: { model: 'large' } } } },
      ],
      ['annotations of no content of a message', 'chat/completions', { options: { content: { annotations: { model: 'large' } } } }],
      ['a stored list', 'conversations', { items: [{ type: 'x', model: 'large' }] }],
    ])('%s is looked at (%s)', async (_, path, members) => {
      const [status, code, sent] = await open().ask('POST', path, { ...chat, ...members })
      expect([status, code, sent]).toEqual([403, 'model_not_allowed', 0])
    })

    test.each<[what: string, path: string, members: object]>([
      ['what is said of a model and names none', 'chat/completions', { model_options: { cache: true, temperature: 1 }, model_index: 3 }],
      ['which agent wrote an item', 'responses', { input: [{ role: 'assistant', agent: { agent_name: '/root' }, content: 'x' }] }],
      ['an agent that the request defines', 'responses', { agent: { instructions: 'x', model: 'small' }, app_name: 'x' }],
      ['an allowed list', 'chat/completions', { models: ['small', 'embed-1'] }],
      ['an allowed tool', 'responses', { tools: [{ type: 'image_generation', model: 'small' }] }],
      ['nothing', 'chat/completions', { models: null, fallbacks: [] }],
      ['an allowed map', 'chat/completions', { fallbacks: [{ small: ['embed-1', 'small'] }, { 'embed-2': 'small' }] }],
      ['an allowed name for an allowed one', 'chat/completions', { model_group_alias: { x: 'small', y: { model: 'small' } } }],
      [
        'allowed entries with how they are called',
        'chat/completions',
        { fallbacks: [{ model: 'small', messages: [{ role: 'user', content: 'x' }], temperature: 1, max_tokens: 5, thinking: null }] },
      ],
      ['an allowed model in place of another', 'chat/completions', { fallback_dict: { small: 'small', x: ['small'] } }],
      ['what a fallback is like', 'chat/completions', { fallback_config: { enabled: true, attempts: 2 } }],
      ['a rank of adapters and a flower', 'chat/completions', { lora_rank: 8, exploration: 'wide', flora: 'rose' }],
      [
        'the schema of a function',
        'chat/completions',
        { tools: [{ type: 'function', function: { name: 'f', parameters: { properties: { model: { type: 'string' } } } } }] },
      ],
      [
        'the schema of a function of responses',
        'responses',
        { tools: [{ type: 'function', name: 'f', parameters: { properties: { model: { const: 'x' } } } }] },
      ],
      [
        'the schema of an answer',
        'chat/completions',
        { response_format: { type: 'json_schema', json_schema: { name: 's', schema: { properties: { model: { type: 'string' } } } } } },
      ],
      [
        'the schema of an answer of responses',
        'responses',
        { text: { format: { type: 'json_schema', name: 's', schema: { default: { model: 'Tesla 3' } } } } },
      ],
      ['metadata', 'chat/completions', { metadata: { model: 'Tesla 3' } }],
      [
        'tools of every kind that the caller defines',
        'responses',
        {
          tools: [
            { type: 'mcp', server_label: 's', headers: { model: 'x' } },
            { type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'f', parameters: { properties: { model: {} } } }] },
          ],
        },
      ],
      ['functions of the old kind', 'chat/completions', { functions: [{ name: 'f', parameters: { properties: { model: {} } } }] }],
      [
        'tools and a call in Anthropic’s words',
        'chat/completions',
        { tools: [{ name: 'f', input_schema: { properties: { model: {} } }, input_examples: [{ model: 'Tesla 3' }] }] },
      ],
      [
        'a session with tools',
        'chat/completions',
        { session: { type: 'realtime', tools: [{ type: 'function', name: 'f', parameters: { properties: { model: {} } } }] } },
      ],
      ['metadata of a message', 'chat/completions', { messages: [{ role: 'user', content: 'x', metadata: { model: 'Tesla 3' } }] }],
      ['a search engine', 'chat/completions', { plugins: [{ id: 'web', engine: 'exa' }] }],
      ['what a message says', 'chat/completions', { messages: [{ role: 'user', content: '{"model":"large"}' }] }],
      ['a prompt in words', 'completions', { prompt: 'the model "large"' }],
    ])('%s passes (%s)', async (_, path, members) => {
      expect(await open().ask('POST', path, { ...chat, ...members })).toEqual([200, undefined, 1])
    })

    test.each([
      'x@preset/large',
      '../large',
      'x/../large',
      'x,large',
      'x\nlarge',
      'x\u2028large',
      'x;large',
      'x%2flarge',
      'x\\large',
      '\ud800',
    ])('a star does not stand for what parts names or leads elsewhere: embed-%j', async (end) => {
      for (const members of [{ model: `embed-${end}` }, { models: ['small', `embed-${end}`] }])
        expect((await open().ask('POST', 'chat/completions', { ...chat, ...members })).slice(0, 3)).toEqual([403, 'model_not_allowed', 0])
    })

    test.each(['embed-1', 'embed-org/x_y.z:free@2', 'embed-a b (c)+d~[1m]'])('a star stands for the rest of a name: %s', async (model) => {
      expect(await open().ask('POST', 'chat/completions', { ...chat, model })).toEqual([200, undefined, 1])
    })

    test.each([
      '%256dodel=large',
      'json=%7B"model":"large"%7D',
      'extra_body%255bmodel%255d=large',
      'a[models][]=large',
      'a=%7B"b":[%7B"model_id":"large"%7D]%7D',
    ])('a query names a model in no way of its own: %s', async (query) => {
      expect((await open().ask('POST', `chat/completions?${query}`, chat)).slice(0, 3)).toEqual([403, 'model_not_allowed', 0])
    })

    const form = (...parts: readonly (readonly [disposition: string, value: string])[]): string =>
      [['name="file"; filename="a.wav"', 'RIFF'] as const, ...parts]
        .map(([disposition, value]) => `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`)
        .join('') + '--b--\r\n'
    const type = 'multipart/form-data; boundary=b'
    const small = ['name="model"', 'small'] as const

    test.each([
      ['fallbacks', '["large"]'],
      ['fallbacks[]', 'large'],
      ['fallbacks', '[{"small":["large"],"x_model":"small"}]'],
      ['fallbacks[0][small]', 'large'],
      ['models', 'large'],
      ['models[]', 'large'],
      ['models', '["small", "large"]'],
      ['model_id', 'large'],
      ['fallback_model', 'large'],
      ['engine', 'large'],
      ['deployment_id', 'large'],
      ['preset', 'large'],
      ['model[0]', 'large'],
      ['extra_body', '{"model":"large"}'],
      ['extra_body', '[{"parameters":{"model":"large"}}]'],
      ['extra_body[model]', 'large'],
      ['extra_body.engine', 'large'],
      ['payload', ' {"a":{"b":[{"judgeModel":"large"}]}}'],
      ['prompt', '{"model":"large"}'],
      ['session[audio][transcription][model]', 'large'],
    ])('a field %s=%s of a form is looked at as a member of a body is', async (name, value) => {
      for (const path of ['audio/transcriptions', 'images/edits']) {
        const [status, code, sent] = await open().ask('POST', path, form(small, [`name="${name}"`, value]), { type })
        expect([status, code, sent]).toEqual([403, 'model_not_allowed', 0])
      }
    })

    test.each([' ', '\n', '\t\r\n', '\ufeff '])(
      'a field that begins with more blanks (%j) than are read of one is refused',
      async (blank) => {
        for (const count of [66_000, 200_000]) {
          const value = `${blank.repeat(count)}{"model":"large"}`
          const [status, , sent] = await open().ask('POST', 'audio/transcriptions', form(small, ['name="prompt"', value]), { type })
          expect([status, sent]).toEqual([400, 0])
        }
      },
    )

    test.each(['model', 'models[]', 'fallbacks', 'extra_body[model]'])('no file is called %s', async (name) => {
      const file = [`name="${name}"; filename="m.txt"`, 'large'] as const
      for (const parts of [[small, file], [file, small], [file]])
        expect((await open().ask('POST', 'audio/transcriptions', form(...parts), { type }))[2]).toBe(0)
    })

    test.each([
      ['models', '["small","embed-1"]'],
      ['metadata', '{"model":"Tesla 3"}'],
      ['metadata[model]', 'Tesla 3'],
      ['prompt', 'the model "large"'],
      ['prompt', '[Model: large] a door'],
      ['chunking_strategy', '{"type":"server_vad"}'],
      ['timestamp_granularities[]', 'word'],
    ])('a field %s=%s of a form passes where models are named', async (name, value) => {
      const sent = form(small, [`name="${name}"`, value])
      expect(await open().ask('POST', 'audio/transcriptions', sent, { type })).toEqual([200, undefined, 1])
      expect(open().upstream.seen.at(-1)?.body).toBe(sent)
    })

    test('several files have one name', async () => {
      const more = ['name="file"; filename="b.wav"', 'RIFF'] as const
      expect(await open().ask('POST', 'audio/transcriptions', form(more, small), { type })).toEqual([200, undefined, 1])
    })

    test.each([
      '{"model":"small","tools":[{"type":"x","model":"large","model":"small"}]}',
      '{"model":"small","options":{"agent":{"model":"large"},"agent":{}}}',
      '{"model":"small","options":{"agent":{"model":"large"},"\\u0061gent":{}}}',
      '{"model":"small","a":[{"b":{"model":"large"} , "b" : 1}]}',
    ])('%s has no one reading, and is refused', async (body) => {
      expect((await open().ask('POST', 'chat/completions', body)).slice(0, 3)).toEqual([400, 'request_malformed', 0])
    })
  })
})
