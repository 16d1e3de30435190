import { describe, expect, test } from 'vitest'
import { expectLinear } from '../support/cpu-time.js'
import { forEachDoor } from '../support/for-each-door.js'
import { forAnOpenGateway } from '../support/open-gateway.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'

const google = (members: string): string =>
  `{"model":"gemini-2.0-flash","contents":[{"role":"user","parts":[{"text":"Hello"}]}],${members}}`

describe('limit-of-two-spellings', () => {
  forEachDoor({ gateway: 'mintoken', config: { policies: { maxTokens: 100 } } }, (house) => {
    const ask = async (members: string): Promise<readonly [status: number, code: string | undefined, sent: number]> => {
      const before = house().emulator.seen.length
      const answer = await rawChat(house(), [], { path: '/ai/v1/generateContent', body: google(members) })
      return [statusOf(answer), codeOf(answer), house().emulator.seen.length - before]
    }

    test.each([
      '"generationConfig":{"maxOutputTokens":10,"max_output_tokens":20,"candidateCount":2}',
      '"generationConfig":{"maxOutputTokens":10,"stopSequences":[{"maxOutputTokens":1,"MaxOutputTokens":2}]}',
      '"generationConfig":{"maxOutputTokens":10,"responseSchema":{"properties":{"a":1,"A":2}}}',
      '"generationConfig":{"maxOutputTokens":60,"thinkingConfig":{"thinkingBudget":50,"includeThoughts":true}}',
      '"generation_config" : { "max_output_tokens" : 10 } , "safetySettings":[{"a":1,"A":1}]',
    ])('%s is taken', async (members) => expect(await ask(members)).toEqual([200, undefined, 1]))

    test.each([
      '"generationConfig":{"maxOutputTokens":10},"GENERATION_CONFIG":{"maxOutputTokens":1000000}',
      '"generationConfig":{"maxOutputTokens":10},"generation-config":{"maxOutputTokens":1000000}',
      '"generation_config":{"maxOutputTokens":10},"GenerationConfig":{"maxOutputTokens":1000000}',
      '"generationConfig":{"maxOutputTokens":10,"MAX_OUTPUT_TOKENS":1000000}',
      '"generationConfig":{"maxOutputTokens":10,"candidateCount":1,"candidatecount":1000000}',
      '"generationConfig":{"maxOutputTokens":10,"a":1,"a":2}',
      '"generationConfig":{"maxOutputTokens":10,"max\\u005foutput_token\u017f":1000000}',
      '"g\\u0065nerationConfig":{"maxOutputTokens":10,"maxOutputTokens":1000000}',
      '"generationConfig":{"maxOutputTokens":10,"stopSequences":[{"maxOutputTokens":1,"maxOutputTokens":2}]}',
      '"generation_config":{"max_output_tokens":10},"safetySettings":[{"a":1,"a":1}]',
      '"generationConfig":{"maxOutputTokens":10,"more":{"maxOutputTokens":900}}',
      '"generationConfig":{"maxOutputTokens":10,"extra_body":{"max_tokens":900}}',
      '"generationConfig":{"maxOutputTokens":10,"extra":{"deep":[{"candidate_count":3}]}}',
      '"generationConfig":{"maxOutputTokens":10,"thinkingConfig":{"thinkingBudget":101}}',
      '"generationConfig":{"maxOutputTokens":10,"thinking_config":{"thinking_budget":8000}}',
      '"generationConfig":{"maxOutputTokens":10,"more":{"generationConfig":{"maxOutputTokens":900}}}',
      '"generationConfig":{"maxOutputTokens":10,"maxOutputTokens.":900}',
      '"generationConfig":{"maxOutputTokens":10,"candidate count":3}',
      '"generationConfig":{"maxOutputTokens":10},"generationConfig ":{"maxOutputTokens":900}',
    ])('%s is refused', async (members) => expect(await ask(members)).toEqual([400, 'request_malformed', 0]))
  })

  forEachDoor({ gateway: 'joytoken', config: { policies: { maxTokens: 100 } } }, (house) => {
    test.each(
      ['max_tokens', 'max_completion_tokens', 'n', 'best_of', 'num_predict', 'num_return_sequences', 'max_length'].flatMap((name) =>
        [
          `${name} `,
          `\t${name}`,
          `${name}[]`,
          `$${name}`,
          `${name.replaceAll('_', '.')}:`,
          `${name}\0`,
          `${name}\u200b`,
          `"${name}"`,
          `${name}${' '.repeat(200)}`,
        ].map((spelled) => [spelled] as const),
      ),
    )('%j beside max_tokens is refused, since some servers leave out what is neither a letter nor a digit', async (name) => {
      const body = JSON.stringify({ model: 'auto', max_tokens: 10, [name]: 4000, messages: [] })
      const answer = await rawChat(house(), [], { body })
      expect([statusOf(answer), codeOf(answer)]).toEqual([400, 'request_malformed'])
    })

    test.each(['maxTokens', 'max-tokens', 'MAX_COMPLETION_TOKENS', 'maxCompletionTokens', 'bestOf', 'N'])(
      '%s beside max_tokens is refused',
      async (name) => {
        const answer = await rawChat(house(), [], { body: `{"model":"auto","max_tokens":10,"${name}":1000000,"messages":[]}` })
        expect([statusOf(answer), codeOf(answer)]).toEqual([400, 'request_malformed'])
      },
    )
  })

  forEachDoor({ gateway: 'joytoken' }, (house) => {
    test('where there is no ceiling, nothing is asked', async () => {
      const answer = await rawChat(house(), [], { body: `{"model":"auto","maxTokens":10,"messages":[{"role":"user","content":"Hello"}]}` })
      expect(statusOf(answer)).toBe(200)
    })

    test.each([
      'application/json',
      'application/json;charset=utf-8',
      'Application/JSON; Charset=UTF-8',
      'application/json; charset="utf-8"',
      'application/json ; charset = utf8 ; v=1',
      'application/json; profile="a;b"',
      'application/json;',
      'application/vnd.api+json; v=1',
    ])('the type %s is JSON in UTF-8', async (type) => {
      const answer = await fetch(`${house().baseURL}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': type },
        body: JSON.stringify({ model: house().model, messages: [{ role: 'user', content: 'Hello' }] }),
      })
      expect(answer.status).toBe(200)
    })

    test.each([
      ['a/json', ' ;a=b ', 1500],
      ['application/json', '   ;', 3000],
      ['application/json;', ' ', 12_000],
    ] as const)('a type of many blanks costs no time: %s and %j', async (beginning, unit, most) => {
      await expectLinear(
        async (count) => {
          const answer = await fetch(`${house().baseURL}/chat/completions`, {
            method: 'POST',
            headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': `${beginning}${unit.repeat(count)}"` },
            body: '{}',
          })
          expect(answer.status).toBe(400)
        },
        Math.floor(most / 8),
      )
    })
  })
})

describe('under a ceiling of tokens', () => {
  forAnOpenGateway({ config: { policies: { maxTokens: 100 } } }, (open) => {
    const chat = { model: 'small', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }
    const ask = (members: string, query = ''): Promise<readonly unknown[]> =>
      open().ask('POST', `chat/completions${query}`, { ...chat, ...(JSON.parse(members) as object) })

    test.each(
      [
        { n_cmpl: 50 },
        { N_Cmpl: '2' },
        { extra_body: { nCmpl: 5 } },
        { num_cmpl: 2 },
        { n_completion: 2 },
        { num_return_sequence: 2 },
        { n_best: 3 },
        { num_beams: 4 },
        { extra_body: { beam_width: 4 } },
        { parameters: { beamSize: 2 } },
        { n_cmpl: true },
        { best_of_: true },
        { auto_max_new_tokens: true },
        { extra_body: { auto_max_new_tokens: true } },
        { x: [{ autoMaxNewTokens: true }] },
        { unlimited_tokens: true },
        { no_token_limit: true },
        { ignore_max_tokens: true },
        { x: { max_tokens: { value: 1000 } } },
        { extra_body: { max_completion_tokens: true } },
        { extra_body: { max_new_tokens: [true] } },
        { numResults: 6 },
        { num_results: '3' },
        { nResults: 2 },
        { extra_body: { num_results: 6 } },
        { parameters: { 'numResults ': 6 } },
      ].map((members) => [JSON.stringify(members)]),
    )('a member whose name is a number of tokens or answers asks for them, whatever its value is: %s', async (members) => {
      expect((await ask(members)).slice(0, 3)).toEqual([400, 'request_malformed', 0])
    })

    test.each(['n_cmpl=5', 'extra_body[n_cmpl]=5', 'auto_max_new_tokens=true', 'unlimited_tokens=1', 'num_beams=4'])(
      'a query does not ask for them: %s',
      async (query) => expect((await ask('{}', `?${query}`)).slice(0, 3)).toEqual([400, 'request_malformed', 0]),
    )

    test.each(
      [
        { n_cmpl: 1, num_beams: 1, best_of: 1 },
        { auto_max_new_tokens: false, max_new_tokens: null, unlimited_tokens: false },
        { ignore_eos: true, use_beam_search: true, skip_special_tokens: true, return_tokens_as_token_ids: true },
        { extra_body: { include_reasoning_tokens: true } },
        { guided_json: { properties: { max_tokens: { type: 'integer' }, n_cmpl: { type: 'integer' } } } },
        { tools: [{ toolSpec: { inputSchema: { json: { properties: { max_tokens: { type: 'integer' } } } } } }] },
        { truncation: { type: 'retention_ratio', token_limits: { post_instructions: 8000 } } },
        { samples: [{ input: 'a' }] },
        { numResults: 1 },
        { tools: [{ type: 'file_search', max_num_results: 20, num_results: 5 }] },
        { web_search_options: { num_results: 5 } },
      ].map((members) => [JSON.stringify(members)]),
    )('what asks for none, or for one answer, passes: %s', async (members) => {
      expect(await ask(members)).toEqual([200, undefined, 1])
    })
  })
})
