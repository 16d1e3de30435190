import { issueKey } from '@postern/emulator'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { House } from '../support/house.js'
import { opened } from '../support/opened.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'

/** A working key that the client has from elsewhere: were it forwarded, the emulated gateway would take it. */
const submitted = (house: House): string => house.keys.globex.secret

const withMember = (house: House, members: Record<string, unknown>): string =>
  JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }], ...members })

const headers = [
  'X-API-Key',
  'x-api-key',
  'X_API_KEY',
  'api-key',
  'apikey',
  'X-Goog-Api-Key',
  'X-Provider-Key',
  'x_provider_key',
  'OpenAI-API-Key',
  'X-ProviderKey',
  'Provider-Key',
  'X-Authorization',
  'X_Authorization',
  'X.Api.Key',
]
const parameters = [
  'key',
  'api_key',
  'apiKey',
  'API-KEY',
  'access_token',
  'k%65y',
  'provider_key',
  'x-goog-api-key',
  'accessToken',
  'authorization',
  'provider-key',
  '%EF%BD%8Bey',
  'x;key',
  'key%5B%5D',
]
const members = [
  'apiKey',
  'api_key',
  'APIKEY',
  'api-key',
  'x-api-key',
  'gateway_key',
  'providerKey',
  'authorization',
  'OPENAI_API_KEY',
  '\\u0061piKey',
]

describe('client-cannot-submit-a-key', () => {
  forEachDoor({ gateway: 'joytoken' }, (house) => {
    const expectRefused = async (answer: Promise<string>): Promise<void> => {
      const before = house().emulator.seen.length
      const text = await answer
      expect(statusOf(text)).toBe(400)
      expect(codeOf(text)).toBe('credential_in_request')
      expect(text).not.toContain(submitted(house()))
      expect(house().emulator.seen.length).toBe(before)
      expect(JSON.stringify(house().ledger.entries)).not.toContain(submitted(house()))
      expect(house().ledger.entries.at(-1)?.code).toBe('credential_in_request')
    }

    test.each(headers)('not in a header %s', (name) => expectRefused(rawChat(house(), [`${name}: ${submitted(house())}`])))

    test.each(parameters)('not in a query parameter %s', (name) =>
      expectRefused(rawChat(house(), [], { path: `/ai/v1/chat/completions?a=b&${name}=${submitted(house())}` })),
    )

    test.each(members)('not in a member "%s" of the body', (name) =>
      expectRefused(rawChat(house(), [], { body: withMember(house(), {}).replace('{', `{"${name}":"${submitted(house())}",`) })),
    )

    test.each(['joytoken', 'opentoken', 'freeai', 'onysoft', 'mintoken'] as const)(
      'not as the bearer: a key of the form of %s is named for what it is',
      async (gateway) => {
        await expectRefused(rawChat(house(), [], { credential: issueKey(gateway).secret }))
      },
    )

    test('not beside a valid credential, and not as a second Authorization', async () => {
      const before = house().emulator.seen.length
      const answer = await rawChat(house(), [`Authorization: Bearer ${submitted(house())}`])
      expect([statusOf(answer), codeOf(answer)]).toEqual([400, 'request_malformed'])
      expect(answer).not.toContain(submitted(house()))
      expect(house().emulator.seen.length).toBe(before)
    })

    test.each(['keyword', 'page_token', 'sort.key', 'monkey', 'author', 'key_id', 'tokens'])(
      'a parameter that only resembles such a one passes: %s',
      async (name) => {
        expect(statusOf(await rawChat(house(), [], { path: `/ai/v1/chat/completions?${name}=1` }))).toBe(200)
      },
    )

    test('a word that only resembles such a member passes', async () => {
      const answer = await rawChat(house(), [], {
        body: withMember(house(), { metadata: { author: 'a' }, max_tokens: 5, prompt_cache_key: 'k' }),
      })
      expect(statusOf(answer)).toBe(200)
    })
  })
})

describe('client-cannot-submit-a-key: not under another name of the body either', () => {
  const body = '{"model":"auto","prompt":"a door","input":"a door","api_key":"sk-0123456789abcdefgh","user":"root","project_id":"evil"}'
  const names = [
    'application/octet-stream',
    'application/x-ndjson',
    'application/jsonl',
    'image/json',
    'video/mp4',
    'multipart/form-data; boundary=x',
  ]
  const paths = {
    joytoken: ['images/generations', 'responses', 'unheard/of'],
    freeai: ['embeddings', 'videos/generations', 'audio/transcriptions', 'unheard/of'],
    opentoken: ['embeddings'],
    onysoft: ['image/generate'],
  } as const

  describe.each(Object.keys(paths) as (keyof typeof paths)[])('in front of %s', (gateway) => {
    const settings = { endpoints: opened('unheard/of') }
    forEachDoor({ gateway, settings, config: { policies: { pinUser: true } } }, (house) => {
      test.each(paths[gateway].flatMap((path) => names.map((type) => [path, type] as const)))('%s as %s', async (path, type) => {
        const before = house().emulator.seen.length
        for (const disguised of [body, ` \n${body}`, `\ufeff${body}`, `[${body}]`]) {
          const answer = await fetch(`${house().baseURL}/${path}`, {
            method: 'POST',
            headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': type },
            body: disguised,
          })
          expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
        }
        expect(house().emulator.seen).toHaveLength(before)
      })

      test.each(['apiKey', 'provider_Key'].map((name) => name.replace('K', '\u212a')))(
        '%s, a key to servers that fold characters',
        async (name) => {
          const answer = await house().chat({ body: { [name]: 'sk-0123456789abcdefgh' } })
          expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'credential_in_request'])
        },
      )
    })
  })
})
