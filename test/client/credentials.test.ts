import type { ServerResponse } from 'node:http'
import { createPostern } from '@postern/client'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { startScriptedPostern } from './scripted-postern.js'

const messages = [{ role: 'user' as const, content: 'Hello' }]

describe('session tokens', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse({ callers: { dpop: { nonce: true } } })
  })
  afterAll(() => house.close())
  const mint = async (ttl: string, jkt?: string) =>
    (await house.minter.mint({ user: 'ada', team: 'acme', ttl, ...(jkt === undefined ? {} : { jkt }) })).token
  const open = (token: (asked: { readonly jkt?: string }) => Promise<string>, dpop = false) => {
    const postern = createPostern({ url: `${house.origin}/ai/`, token, dpop })
    const openai = postern.openai({ maxRetries: 0 })
    return { postern, chat: () => openai.chat.completions.create({ model: house.model, messages }) }
  }

  test('are asked for once by many calls at once', async () => {
    const token = vi.fn(() => mint('1m'))
    const { chat } = open(token)
    await Promise.all(Array.from({ length: 30 }, chat))
    await chat()
    expect(token).toHaveBeenCalledTimes(1)
  })

  test('are replaced before they end, and no call is refused', async () => {
    const token = vi.fn(() => mint('2s'))
    const { chat } = open(token)
    const refused = () => house.ledger.entries.filter(({ code }) => code === 'caller_expired').length
    const before = refused()
    const until = Date.now() + 4500
    while (Date.now() < until) await Promise.all([chat(), chat(), new Promise((resolve) => setTimeout(resolve, 100))])
    expect(refused()).toBe(before)
    expect(token.mock.calls.length).toBeGreaterThan(2)
    expect(token.mock.calls.length).toBeLessThan(6)
  })

  test('that Postern calls expired are replaced once, for all calls that met the same', async () => {
    const expired = await mint('1s')
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const token = vi.fn(() => mint('1m')).mockResolvedValueOnce(expired)
    const { chat } = open(token)
    await Promise.all([chat(), chat(), chat()])
    expect(token).toHaveBeenCalledTimes(2)
  })

  test('that Postern calls revoked are replaced once, for all calls that met the same: the user signed in again', async () => {
    const first = await house.minter.mint({ user: 'grace', team: 'acme' })
    const token = vi.fn(() => mint('1m')).mockResolvedValueOnce(first.token)
    const { chat } = open(token)
    await chat()
    await fetch(`${house.origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${first.token}` } })
    await Promise.all([chat(), chat(), chat()])
    expect(token).toHaveBeenCalledTimes(2)
  })

  test.each(['caller_expired', 'caller_revoked'])(
    'are asked for once more where the new one is refused as well, and the application is told: %s',
    async (code) => {
      const postern = await startScriptedPostern()
      postern.answer((response) =>
        response
          .writeHead(401, { 'content-type': 'application/json', 'postern-refusal': code })
          .end(JSON.stringify({ error: { message: 'It is over.', type: 'authentication_error', code, param: null } })),
      )
      let asked = 0
      const openai = createPostern({ url: `${postern.origin}/ai`, token: async () => `token-${(asked += 1)}` }).openai()
      const chat = () => openai.chat.completions.create({ model: 'auto', messages })
      await expect(chat()).rejects.toMatchObject({ status: 401, code })
      expect(postern.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2'])
      await expect(chat()).rejects.toMatchObject({ status: 401, code })
      expect([asked, postern.seen.length]).toEqual([4, 4])
      postern.close()
    },
  )

  test('are kept where a call is refused for another reason', async () => {
    const postern = await startScriptedPostern()
    postern.answer((response) => response.writeHead(401, { 'postern-refusal': 'caller_unknown' }).end('{}'))
    const token = vi.fn(async () => 'token')
    const { fetch, baseURL } = createPostern({ url: `${postern.origin}/ai`, token })
    for (let calls = 0; calls < 3; calls += 1) expect((await fetch(`${baseURL}/models`)).status).toBe(401)
    expect([token.mock.calls.length, postern.seen.length]).toEqual([1, 3])
    postern.close()
  })

  test('are not asked for without end where all are expired', async () => {
    const expired = await mint('1s')
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const token = vi.fn(async () => expired)
    await expect(open(token).chat()).rejects.toMatchObject({ status: 401, code: 'caller_expired' })
    expect(token).toHaveBeenCalledTimes(2)
  })

  test('are used to their end while a new one cannot be had, and then the reason is said', async () => {
    const { token: first, expiresAt } = await house.minter.mint({ user: 'ada', team: 'acme', ttl: '4s' })
    const token = vi.fn(async (): Promise<string> => {
      throw new Error('The backend is away.')
    })
    const { chat } = open(token.mockResolvedValueOnce(first))
    const until = (time: number) => new Promise((resolve) => setTimeout(resolve, time - Date.now()))
    await chat()
    await until(expiresAt * 1000 - 300)
    const late = await chat()
    expect(token).toHaveBeenCalledTimes(2)
    await until(expiresAt * 1000 + 50)
    await expect(chat()).rejects.toMatchObject({ cause: { message: 'The backend is away.' } })
    expect(late).toMatchObject({ object: 'chat.completion' })
  })

  test.each(['null', '7', '[]', '"text"'])('that say %s in place of claims are used until they are refused', async (claims) => {
    const token = vi.fn(async () => `x.${btoa(claims)}.x`)
    await expect(open(token).chat()).rejects.toMatchObject({ status: 401, code: 'caller_invalid' })
    expect(token).toHaveBeenCalledTimes(1)
  })

  test('that never come hold up nobody who leaves', async () => {
    const { postern } = open(() => new Promise(() => {}))
    const leaving = new AbortController()
    const call = postern.openai().chat.completions.create({ model: house.model, messages }, { signal: leaving.signal })
    setTimeout(() => leaving.abort(), 20)
    await expect(call).rejects.toThrow('aborted')
    await expect(postern.fetch(`${postern.baseURL}/models`, { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })

  test('are bound to a key that is proved with each request, with the nonce that is asked for', async () => {
    const token = vi.fn(({ jkt }: { readonly jkt?: string }) => mint('1m', jkt))
    const { chat, postern } = open(token, true)
    const before = house.ledger.entries.length
    await Promise.all([chat(), chat()])
    await chat()
    expect((await postern.fetch('v1/models', { method: 'get' })).status).toBe(200)
    expect(token).toHaveBeenCalledTimes(1)
    expect(token.mock.calls[0]?.[0].jkt).toMatch(/^[\w-]{43}$/)
    // The two first had to be told of the nonce; nobody else had.
    const codes = house.ledger.entries.slice(before).map(({ code }) => code)
    expect([codes.length, codes.filter((code) => code === 'proof_invalid').length, new Set(codes).size]).toEqual([6, 2, 2])
  })

  test('and their requests may come as Request objects, with forms, and with streams', async () => {
    const { postern } = open(() => mint('1m'))
    const asked = new Request(`${postern.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: house.model, messages }),
    })
    expect((await postern.fetch(asked)).status).toBe(200)
    const streamed = await postern.fetch(`${postern.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([JSON.stringify({ model: house.model, messages })]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(streamed.status).toBe(200)
  })
})

describe('a machine whose clock is wrong', () => {
  const tokenAt = async (iat: number, exp: number): Promise<string> =>
    new SignJWT({ iat, exp }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('s'.repeat(32)))

  test.each([
    ['ahead', -3600],
    ['behind', 3600],
  ])('an hour %s does not ask for a token with each call', async (_, seconds) => {
    const postern = await startScriptedPostern()
    postern.answer((response) => response.writeHead(200).end('{}'))
    const now = Math.floor(Date.now() / 1000) + seconds
    const token = vi.fn(() => tokenAt(now, now + 600))
    const { fetch, baseURL } = createPostern({ url: `${postern.origin}/ai`, token })
    for (let call = 0; call < 5; call += 1) await fetch(`${baseURL}/models`)
    expect(token).toHaveBeenCalledTimes(1)
    postern.close()
  })

  test('learns the time from the refusal of its proof, and proves again', async () => {
    const postern = await startScriptedPostern()
    const ahead = Date.now() + 3_600_000
    postern.answer(
      (response) =>
        response
          .writeHead(401, { date: new Date(ahead).toUTCString(), 'postern-refusal': 'proof_invalid', 'content-type': 'application/json' })
          .end('{}'),
      (response) => response.writeHead(200).end('{}'),
    )
    const { fetch, baseURL } = createPostern({ url: `${postern.origin}/ai`, token: async () => 'token', dpop: true })
    expect((await fetch(`${baseURL}/models`)).status).toBe(200)
    const claims = postern.seen.map(
      ({ headers }) => JSON.parse(Buffer.from(String(headers['dpop']).split('.')[1] as string, 'base64url').toString()) as { iat: number },
    )
    expect(Math.abs((claims[1]?.iat ?? 0) - ahead / 1000)).toBeLessThan(3)
    postern.close()
  })

  test('learns the time once for a fault that lasts, and again once the clock is set right', async () => {
    const postern = await startScriptedPostern()
    const refuse =
      (ms: number): ((response: ServerResponse) => unknown) =>
      (response) =>
        response
          .writeHead(401, {
            date: new Date(Date.now() + ms).toUTCString(),
            'postern-refusal': 'proof_invalid',
            'content-type': 'application/json',
          })
          .end('{}')
    const fine: (response: ServerResponse) => unknown = (response) => response.writeHead(200).end('{}')
    const { fetch, baseURL } = createPostern({ url: `${postern.origin}/ai`, token: async () => 'token', dpop: true })
    postern.answer(refuse(3_600_000), fine)
    await fetch(`${baseURL}/models`)
    postern.answer(refuse(3_600_000), fine)
    expect((await fetch(`${baseURL}/models`)).status).toBe(401)
    postern.answer(refuse(0), fine)
    expect((await fetch(`${baseURL}/models`)).status).toBe(200)
    postern.close()
  })
})

describe('what a page must not have', () => {
  const url = 'https://app.example.com/ai'

  test.each<[what: string, options: object]>([
    ['a key as an option', { url, apiKey: 'sk-0123456789abcdef0123' }],
    ['a key as a token', { url, token: 'jt_0123456789abcdef' }],
    ['a key under another name', { url, key: 'fai_0123456789abcdef0123' }],
  ])('%s is refused with an explanation that does not repeat it', (_, options) => {
    const open = () => createPostern(options as { url: string })
    expect(open).toThrow('looks like an API key. Postern adds the key on the server')
    expect(open).not.toThrow(/0123456789/)
  })

  test('anything that is no option is refused, and a token that is no function', () => {
    expect(() => createPostern({ url, apiKey: 'x' } as { url: string })).toThrow('"apiKey" is not an option')
    expect(() => createPostern({ uri: '/ai' } as unknown as { url: string })).toThrow(
      '"uri" is not an option; url, token, dpop and fetch are.',
    )
    expect(() => createPostern({ url, token: 'a-token' } as unknown as { url: string })).toThrow('"token" is a function')
    expect(() => createPostern({ url }).openai({ apiKey: 'x' } as object)).toThrow('"apiKey" is Postern\'s to say')
    expect(() => createPostern({ url }).openai({ defaultHeaders: { 'x-api-key': 'sk-ant-0123456789abcdef' } })).toThrow('API key')
    expect(() => createPostern({ url: 'file:///ai' })).toThrow('"url" is the address')
  })

  test.each([
    'app.example.com/ai',
    'app.example.com',
    ' app.example.com/ai',
    '10.0.0.7/ai',
    'bücher.example/ai',
    'localhost:8080/ai',
    'app.example.com:8443/ai',
  ])('a host without a scheme is refused as an address at once: %s', (given) => {
    expect(() => createPostern({ url: given })).toThrow('"url" is the address')
  })

  test.each([
    '/ai',
    'ai',
    './ai',
    '../ai',
    '/ai.v2',
    'ai/v1.5',
    '//app.example.com/ai',
    'HTTPS://app.example.com/ai',
    ' https://app.example.com/ai',
    '',
    undefined,
  ])('any other address is taken: %s', (given) => {
    expect(() => createPostern({ url: given })).not.toThrow()
  })

  test('a key in a header, in the address or from "token" is refused before anything is sent', async () => {
    const postern = await startScriptedPostern()
    postern.answer((response) => response.end('{}'))
    const { fetch, baseURL } = createPostern({ url: `${postern.origin}/ai`, token: async () => 'token' })
    await expect(fetch(`${baseURL}/models`, { headers: { 'x-other': 'sk-0123456789abcdef0123' } })).rejects.toThrow('API key')
    await expect(fetch(`${baseURL}/models?key=AIza0123456789abcdef01234`)).rejects.toThrow('API key')
    const other = createPostern({ url: `${postern.origin}/ai`, token: async () => 'mt_live_01234567' })
    await expect(other.fetch(`${baseURL}/models`)).rejects.toThrow('API key')
    expect(postern.seen).toEqual([])
    postern.close()
  })

  test('what SDKs write where a key belongs is not sent, nor what the environment says', async () => {
    const postern = await startScriptedPostern()
    postern.answer((response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}'))
    vi.stubEnv('OPENAI_API_KEY', 'sk-from-the-environment-0123')
    vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-admin-of-the-environment-0123')
    vi.stubEnv('OPENAI_ORG_ID', 'org-of-the-environment')
    vi.stubEnv('OPENAI_PROJECT_ID', 'project-of-the-environment')
    const { openai, fetch, baseURL } = createPostern({ url: `${postern.origin}/ai`, token: async () => 'token' })
    await openai().models.list()
    await fetch(`${baseURL}/models`, { headers: { 'x-api-key': 'none', authorization: 'Bearer none', 'api-key': 'none' } })
    vi.unstubAllEnvs()
    expect(postern.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token', 'Bearer token'])
    expect(JSON.stringify(postern.seen)).not.toMatch(/environment|none/)
    postern.close()
  })

  test('no credential goes anywhere but to Postern, not even by a redirect', async () => {
    const postern = await startScriptedPostern()
    const elsewhere = await startScriptedPostern()
    elsewhere.answer((response) => response.end())
    postern.answer((response) => response.writeHead(307, { location: `${elsewhere.origin}/ai/v1/models` }).end())
    const { fetch, baseURL } = createPostern({ url: `${postern.origin}/ai`, token: async () => 'token' })
    for (const url of [
      `${elsewhere.origin}/ai/v1/models`,
      `${postern.origin}/aix/v1`,
      `${postern.origin}/ai/../api`,
      '/v1/models',
      '//evil.example/ai/v1',
    ])
      await expect(fetch(url), url).rejects.toThrow('talks only to Postern')
    await expect(fetch(`${baseURL}/models`)).rejects.toThrow()
    expect(elsewhere.seen).toEqual([])
    postern.close()
    elsewhere.close()
  })

  test('the proof of a key is of its public half only', async () => {
    const { publicKey } = await generateKeyPair('ES256')
    const postern = await startScriptedPostern()
    postern.answer((response) => response.end('{}'))
    const { fetch, baseURL } = createPostern({ url: `${postern.origin}/ai`, token: async () => 'token', dpop: true })
    await fetch(`${baseURL}/models`)
    const header = JSON.parse(Buffer.from(String(postern.seen[0]?.headers['dpop']).split('.')[0] as string, 'base64url').toString()) as {
      jwk: object
    }
    expect(Object.keys(header.jwk).toSorted()).toEqual(Object.keys(await exportJWK(publicKey)).toSorted())
    postern.close()
  })
})
