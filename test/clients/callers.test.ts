import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSessionMinter } from '@postern/server'
import OpenAI6, { AuthenticationError as AuthenticationError6 } from 'openai'
import OpenAI7 from 'openai-7'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { forEachDoor } from '../support/for-each-door.js'
import { listenAnywhere } from '../support/house.js'
import { type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'
import { createProver } from '../support/prover.js'

/** The options of a client, and what the ledger says of its calls. */
interface Way {
  readonly options: {
    readonly apiKey: string | (() => Promise<string>)
    readonly defaultHeaders?: Record<string, string | null>
    readonly fetch?: typeof fetch
  }
  readonly entry: Readonly<Record<string, unknown>>
}

const messages = [{ role: 'user' as const, content: 'Say hello' }]

describe.each([
  ['openai 6', OpenAI6],
  ['openai 7', OpenAI7 as unknown as typeof OpenAI6],
])('%s calls, streams and lists models', (_, OpenAI) => {
  let backend: CookieBackend
  let issuer: Issuer
  let published: ReturnType<typeof createServer>
  const keyMinter = createSessionMinter({ privateKey: generateKeyPairSync('ed25519').privateKey })
  beforeAll(async () => {
    backend = await startCookieBackend()
    issuer = await startIssuer()
    published = createServer((_request, response) => response.end(JSON.stringify(keyMinter.jwks())))
  })
  afterAll(async () => {
    await issuer.stop()
    await backend.stop()
    published.close()
  })

  const options = async () => ({
    callers: {
      session: { secret: { env: 'SESSION' }, jwks: `${await listenAnywhere(published)}/jwks.json` },
      jwt: [jwtCallers(issuer)],
      forwardAuth: { url: backend.url },
    },
  })
  forEachDoor(options, (house) => {
    afterAll(() => new Promise((done) => published.close(done)))

    const ways: readonly [name: string, way: () => Promise<Way>][] = [
      ['a service credential', async () => ({ options: { apiKey: house().callers.acme }, entry: { via: 'service', caller: 'acme' } })],
      [
        'a session',
        async () => {
          const { token, id } = await house().minter.mint({ user: 'ada', team: 'acme' })
          return { options: { apiKey: token }, entry: { via: 'session', caller: `session:${id}`, user: 'ada' } }
        },
      ],
      [
        'a session signed with a key pair of the backend',
        async () => {
          const { token, id } = await keyMinter.mint({ user: 'ada', team: 'acme' })
          return { options: { apiKey: async () => token }, entry: { via: 'session', caller: `session:${id}`, user: 'ada' } }
        },
      ],
      [
        'a session and a proof of its key with each request',
        async () => {
          const prover = await createProver()
          const { token } = await house().minter.mint({ user: 'ada', team: 'acme', jkt: prover.jkt })
          const proving: typeof fetch = async (url, init) => {
            const headers = new Headers(init?.headers)
            headers.set('authorization', `DPoP ${token}`)
            headers.set('dpop', await prover.prove(init?.method ?? 'GET', url as string, token))
            return fetch(url, { ...init, headers })
          }
          return { options: { apiKey: 'unused', fetch: proving }, entry: { via: 'session', user: 'ada' } }
        },
      ],
      [
        'a token of the identity provider',
        async () => ({ options: { apiKey: () => issuer.sign() }, entry: { via: 'jwt', user: 'ada', team: 'acme' } }),
      ],
      [
        'a cookie of the backend',
        async () => ({
          options: {
            apiKey: 'unused',
            defaultHeaders: { Authorization: null, cookie: backend.signIn('ada', 'acme'), 'sec-fetch-site': 'same-origin' },
          },
          entry: { via: 'forwardAuth', user: 'ada', team: 'acme' },
        }),
      ],
    ]

    test.each(ways)('with %s', async (_name, way) => {
      const { options: given, entry } = await way()
      const client = new OpenAI({ baseURL: house().baseURL, maxRetries: 0, ...given })
      const { model } = house()
      const answer = await client.chat.completions.create({ model, messages })
      expect(answer.choices[0]?.message.content).toBeTruthy()
      let streamed = ''
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
        streamed += chunk.choices[0]?.delta.content ?? ''
      expect(streamed).toBeTruthy()
      expect((await client.models.list()).data.length).toBeGreaterThan(0)
      for (const written of house().ledger.entries.slice(-3)) expect(written).toMatchObject({ status: 200, key: 'acme', ...entry })
    })

    test('with tokens of the identity provider through a rotation of its keys', async () => {
      const client = new OpenAI({ baseURL: house().baseURL, apiKey: () => issuer.sign(), maxRetries: 0 })
      const call = () => client.chat.completions.create({ model: house().model, messages })
      await call()
      // Long enough after the keys were last fetched that an unknown key is asked for.
      await sleep(5100)
      await issuer.rotate()
      const answers = await Promise.all(Array.from({ length: 10 }, call))
      expect(answers.every(({ choices }) => choices.length > 0)).toBe(true)
    })

    test('and meets each refusal as the error that it knows', async () => {
      const prover = await createProver()
      const { token } = await house().minter.mint({ team: 'acme', jkt: prover.jkt })
      for (const [apiKey, code] of [
        [token, 'proof_required'],
        ['pst_unknown', 'caller_invalid'],
      ] as const) {
        const refused: unknown = await new OpenAI({ baseURL: house().baseURL, apiKey }).chat.completions
          .create({ model: house().model, messages })
          .catch((error: unknown) => error)
        expect(refused).toMatchObject({ status: 401, code, type: 'authentication_error' })
        if (OpenAI === OpenAI6) expect(refused).toBeInstanceOf(AuthenticationError6)
      }
    })
  })
})
