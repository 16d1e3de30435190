import { describe, expect, test } from 'vitest'
import { forAnOpenGateway } from '../support/open-gateway.js'

const chat = { model: 'small', max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }
const text = (value: unknown): string => JSON.stringify(value)

describe('settings that stand as a JSON text are read as the object that they are', () => {
  forAnOpenGateway({ config: { policies: { models: ['small'], maxTokens: 100, pinUser: true } } }, (open) => {
    test.each<[what: string, members: object, code: string]>([
      ['a user in metadata', { metadata: text({ user_id: 'eve' }) }, 'request_malformed'],
      ['a user in a list of metadata', { metadata: [{ user_id: 'eve' }] }, 'request_malformed'],
      ['a user in the metadata of a gateway', { litellm_metadata: text({ user: 'eve' }) }, 'request_malformed'],
      ['another model', { extra_body: text({ model: 'large' }) }, 'model_not_allowed'],
      ['another model behind blanks', { extra_body: `\n ${text({ model: 'large' })}` }, 'model_not_allowed'],
      ['another model in a list', { extra_body: text([{ model: 'large' }]) }, 'model_not_allowed'],
      ['more tokens', { extra_body: text({ max_tokens: 5000 }) }, 'request_malformed'],
      ['a key', { extra_body: text({ api_key: 'my-own-key-1234567890' }) }, 'credential_in_request'],
      ['an address', { litellm_params: text({ api_base: 'http://evil.example' }) }, 'request_malformed'],
      ['a user in a text that stands in an object', { extra_body: { metadata: text({ user_id: 'eve' }) } }, 'request_malformed'],
      ['a model in a text within a text', { extra_body: text({ extra_body: text({ model: 'large' }) }) }, 'model_not_allowed'],
      [
        'a text within a text within a text',
        { extra_body: text({ extra_body: text({ extra_body: text({ a: 1 }) }) }) },
        'request_malformed',
      ],
      ['a text of a text', { metadata: text(text({ a: 'b' })) }, 'request_malformed'],
      ['a text of a text with escapes', { metadata: '"\\u007b\\u007d"' }, 'request_malformed'],
      ['a member that is repeated', { extra_body: '{"model":"small","model":"large"}' }, 'request_malformed'],
      ['an object that does not end', { extra_body: '{"model":"large"' }, 'request_malformed'],
      ['more than is read', { metadata: `${' '.repeat(70_000)}${text({ user_id: 'eve' })}` }, 'request_malformed'],
      ['more than is read in a large body', { metadata: text({ a: 'x'.repeat(300_000) }) }, 'request_malformed'],
      ['a user in a large body', { x: 'x'.repeat(300_000), metadata: text({ user_id: 'eve' }) }, 'request_malformed'],
    ])('%s', async (_, members, code) => {
      const [, refused, sent] = await open().ask('POST', 'chat/completions', { ...chat, ...members })
      expect([refused, sent]).toEqual([code, 0])
    })

    test.each<[what: string, members: object]>([
      ['a note', { metadata: 'a note {of mine}' }],
      ['a quotation', { metadata: '"a note"' }],
      ['a list that is none', { metadata: '[a note]' }],
      ['tags', { metadata: text({ a: 'b', user: 'a tag' }) }],
      ['settings', { extra_body: text({ model: 'small', top_k: 5 }) }],
      ['words for the model', { messages: [{ role: 'user', content: text({ model: 'large' }) }] }],
      [
        'arguments of a function',
        {
          messages: [
            {
              role: 'assistant',
              tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: text({ model: 'large' }) } }],
            },
          ],
        },
      ],
    ])('%s passes as it is written', async (_, members) => {
      expect((await open().ask('POST', 'chat/completions', { ...chat, ...members })).slice(0, 3)).toEqual([200, undefined, 1])
      const sent = JSON.parse(open().upstream.seen.at(-1)?.body ?? '') as object
      expect(sent).toMatchObject(members)
    })
  })

  forAnOpenGateway({ config: { policies: { models: ['small'], pinUser: true } } }, (open) => {
    test.each([text(text({ user_id: 'eve' })), text({ user_id: 'eve' })])('in a form as well: %s', async (metadata) => {
      const fields = [
        ['name="file"; filename="a.wav"', 'RIFF'],
        ['name="model"', 'small'],
        ['name="metadata"', metadata],
      ]
      const body = fields.map(([name, value]) => `--b\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n`).join('')
      const [status, code, sent] = await open().ask('POST', 'audio/transcriptions', `${body}--b--\r\n`, {
        type: 'multipart/form-data; boundary=b',
      })
      expect([status, code, sent]).toEqual([400, 'request_malformed', 0])
    })
  })
})
