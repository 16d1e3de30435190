import type { MintRequest } from '@postern/server'
import { SignJWT } from 'jose'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { doorNames, type House, openHouse } from '../support/house.js'
import { type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'
import { createProver } from '../support/prover.js'

interface Refused {
  readonly code: string
  readonly message: string
  readonly param: string | null
}

const page = 'https://app.example.com'
const other = 'https://shop.example.com'

async function errorOf(answer: Response): Promise<Refused> {
  return ((await answer.json()) as { error: Refused }).error
}

describe.each(doorNames)('what a refusal says, behind the %s door', (door) => {
  let backend: CookieBackend
  let issuer: Issuer
  let house: House
  beforeAll(async () => {
    backend = await startCookieBackend()
    issuer = await startIssuer()
    house = await openHouse({
      door,
      config: {
        browser: { origins: [page, other] },
        policies: { rules: [{ team: 'globex', models: ['auto'], endpoints: ['chat/*'], maxTokens: 100 }] },
      },
      callers: { forwardAuth: { url: backend.url, cookies: ['sid'] }, jwt: [jwtCallers(issuer)] },
    })
  })
  afterAll(async () => {
    await house.close()
    await issuer.stop()
    await backend.stop()
  })

  const say = async (
    credential: string | null,
    headers: Readonly<Record<string, string>> = {},
    body: Readonly<Record<string, unknown>> = {},
  ) => errorOf(await house.chat({ credential, headers, body }))
  const minted = async (bounds: Partial<MintRequest>) => (await house.minter.mint({ user: 'ada', team: 'acme', ...bounds })).token

  test('a session of one page, sent by no page, is told that there is no Origin', async () => {
    const { code, message } = await say(await minted({ origin: page }))
    expect(code).toBe('origin_not_allowed')
    expect(message).toContain('the request has no Origin header')
    expect(message).not.toContain('browser.origins')
  })

  test('a session of one page, sent by another that is listed, is told both', async () => {
    const { code, message } = await say(await minted({ origin: page }), { origin: other })
    expect(code).toBe('origin_not_allowed')
    expect(message).toContain(`pages of ${page}, and the request came from a page of ${other}`)
    expect(message).not.toContain('browser.origins')
  })

  test.each([
    ['https://evil.example', 'list the origin under browser.origins'],
    ['', 'The Origin header is empty'],
    ['null', '"Origin: null"'],
  ])('a page of the origin "%s" is told what can be done about it', async (origin, says) => {
    const { code, message } = await say(house.callers.acme, { origin })
    expect([code, message]).toEqual(['origin_not_allowed', expect.stringContaining(says)])
    expect(message.includes('browser.origins')).toBe(origin.startsWith('https:'))
  })

  const sessionOf = (secret: string, claims: object) =>
    new SignJWT({ sub: 'ada', team: 'acme', aud: 'postern', iat: 1, ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
      .sign(Buffer.from(secret))
  const soon = Math.floor(Date.now() / 1000) + 60

  test.each<[what: string, credential: () => Promise<string>, says: RegExp]>([
    ['that nobody knows', async () => 'pst_unknown', /not one that Postern knows/],
    ['that is a session of another secret', () => sessionOf('s'.repeat(32), { exp: soon }), /not signed with .* callers\.session\.secret/],
    [
      'that is a session for somebody else',
      () => sessionOf(house.sessionSecret, { exp: soon, aud: 'x' }),
      /session token is for another audience/,
    ],
    ['that is a session without an end', () => sessionOf(house.sessionSecret, {}), /session token has no claim "exp"/],
    ['of an issuer for another service', () => issuer.sign({ aud: 'another' }), /token is for another audience.* callers\.jwt/],
    ['of an issuer without an end', () => issuer.sign({ exp: undefined }), /token has no claim "exp"/],
    ['of an issuer, signed with another key', () => issuer.sign({}, { kid: undefined, alg: 'RS256', typ: 'x' }), /typ|kind/],
  ])('a credential %s is told what is wrong with it', async (_, credential, says) => {
    const { code, message } = await say(await credential())
    expect(code).toBe('caller_invalid')
    expect(message).toMatch(says)
  })

  test('a token that has expired is told where to get another, whoever gave it', async () => {
    const { code, message } = await say(await issuer.sign({ exp: 1000 }))
    expect([code, message]).toEqual(['caller_expired', expect.stringContaining('identity provider')])
    expect(message).not.toContain('session token has expired')
  })

  test('a cookie beside an Authorization that fails is said not to count', async () => {
    const cookie = backend.signIn('ada', 'acme')
    expect((await say('none', { cookie, 'sec-fetch-site': 'same-origin' })).message).toContain('does not count beside Authorization')
    expect((await say('none', { cookie: 'theme=dark' })).message).not.toContain('cookie')
    expect((await say('none')).message).not.toContain('cookie')
  })

  test('the plain openai package is known by its cookie once its fetch takes Authorization out, as the page of identity shows', async () => {
    const headers = { cookie: backend.signIn('ada', 'acme'), 'sec-fetch-site': 'same-origin' }
    const options = { baseURL: house.baseURL, apiKey: 'none', defaultHeaders: headers, maxRetries: 0 }
    const question = { model: house.model, messages: [{ role: 'user' as const, content: 'Hello' }] }
    const plain = new OpenAI(options).chat.completions.create(question)
    await expect(plain).rejects.toMatchObject({ status: 401, message: expect.stringContaining('leave that header out') })
    const openai = new OpenAI({
      ...options,
      fetch: (url, init) => {
        const sent = new Headers(init?.headers)
        sent.delete('authorization')
        return fetch(url, { ...init, headers: sent })
      },
    })
    expect((await openai.chat.completions.create(question)).choices).toHaveLength(1)
  })

  test('a request without a credential is told that it does not say who is calling', async () => {
    expect(await say(null)).toMatchObject({ code: 'caller_missing', message: expect.stringContaining('does not say who is calling.') })
    const { code, message } = await say(null, { cookie: 'theme=dark' })
    expect([code, message]).toEqual(['caller_missing', expect.stringContaining('none of its cookies')])
  })

  test.each<[what: string, forWhom: string | undefined, says: string]>([
    ['a team', 'team=Acme', 'No gateway key is bound to team "Acme".'],
    ['a user and a team', 'user=ada, team=nowhere', 'No gateway key is bound to user "ada", team "nowhere".'],
    ['nobody', undefined, 'Postern-Act-As'],
  ])('a caller for %s that no key is bound to is told whom it is taken for', async (_, forWhom, says) => {
    const { code, message } = await say(house.callers.delegate, forWhom === undefined ? {} : { 'postern-act-as': forWhom })
    expect([code, message]).toEqual(['no_key_for_caller', expect.stringContaining(says)])
  })

  test.each<[path: string, method: string, says: string]>([
    ['/ai/v2/models', 'GET', 'The API lives under /ai/v1/. Ask for /ai/v1/models.'],
    ['/ai/chat/completions', 'POST', 'The API lives under /ai/v1/. Ask for /ai/v1/chat/completions.'],
    ['/ai/openai/v1/chat/completions/', 'POST', 'Ask for /ai/v1/chat/completions.'],
    ['/ai/api/responses', 'POST', 'Ask for /ai/v1/responses.'],
    ['/ai/of/the/caller', 'POST', 'The API lives under /ai/v1/.'],
    ['/ai/v1/', 'GET', 'The API lives under /ai/v1/.'],
    ['/ai/v1/v1/models', 'GET', '"/v1" stands twice'],
    ['/ai/v1/v1/chat/completions', 'POST', '"/v1" stands twice'],
    ['/ai/v1/no/such', 'POST', 'gateways.<name>.endpoints'],
  ])('%s is told what is wrong with its path', async (path, method, says) => {
    const answer = await fetch(house.origin + path, { method, headers: { authorization: `Bearer ${house.callers.acme}` } })
    expect((await errorOf(answer)).message).toContain(says)
  })

  test.each<[body: object, param: string, says: string]>([
    [{ max_tokens: '50' }, 'max_tokens', 'max_tokens is not a whole number above 0'],
    [{ max_tokens: 5.5 }, 'max_tokens', 'max_tokens is not a whole number above 0'],
    [{ max_tokens: 0 }, 'max_tokens', 'max_tokens is not a whole number above 0'],
    [{ max_tokens: 50, n: '2' }, 'n', 'n is not a whole number above 0'],
    [{ max_tokens: 50, max_completion_tokens: 500 }, 'max_completion_tokens', 'at most 100 tokens.'],
    [{ max_tokens: 50, n: 3 }, 'max_tokens', 'in all answers to a request together'],
    [{ max_tokens: 50, model: 'Open"AI/gpt' }, 'model', String.raw`does not allow the model "Open\"AI/gpt"`],
    [{ max_tokens: 50, model: undefined, modle: 'auto' }, 'model', 'Say in "model" which one it is for'],
    [{ max_tokens: 50, model: 'other' }, 'model', 'For the operator: "postern explain"'],
    [{ max_tokens: 50, fallbacks: ['auto', 'dear'] }, 'fallbacks', 'does not allow the model "dear"'],
  ])('%j is told which member is at fault, and why', async (body, param, says) => {
    const error = await say(house.callers.globex, {}, { model: 'auto', ...body })
    expect(error).toMatchObject({ param, message: expect.stringContaining(says) })
  })

  test('a proof beside a token that is bound to no key is told one thing to do', async () => {
    const token = await minted({})
    const url = `${house.baseURL}/chat/completions`
    const proof = await (await createProver()).prove('POST', url, token)
    const { code, message } = await say(null, { authorization: `DPoP ${token}`, dpop: proof })
    expect([code, message]).toEqual(['proof_invalid', 'The token is bound to no key. Send it as a Bearer token, without a proof.'])
  })

  test('a session of one call is told so in the singular', async () => {
    const token = await minted({ maxCalls: 1 })
    await (await house.chat({ credential: token })).text()
    expect((await say(token)).message).toContain('The session was good for one call and has made it.')
  })

  test.each<[body: object, param: string, says: string]>([
    [{ max_calls: '3' }, 'max_calls', '"max_calls" is a whole number above 0.'],
    [{ max_tokens: 0 }, 'max_tokens', '"max_tokens" is a whole number above 0.'],
    [{ maxCalls: 3, max_calls: 3 }, 'max_calls', '"max_calls" and "maxCalls" are one bound'],
    [{ maxCall: 3 }, 'maxCall', '"max_calls" is probably meant'],
    [{ max_token: 3 }, 'max_token', '"max_tokens" is probably meant'],
    [{ ttl: 'forever' }, 'ttl', '"ttl" is'],
    [{ models: [] }, 'models', '"models" is a list'],
  ])('a session that is asked for with %j is told the member as it is written there', async (body, param, says) => {
    const answer = await fetch(`${house.origin}/ai/session`, {
      method: 'POST',
      headers: { cookie: backend.signIn('ada', 'acme'), 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(await errorOf(answer)).toMatchObject({ code: 'request_malformed', param, message: expect.stringContaining(says) })
  })

  test('a service caller that asks for a session is told what brings one', async () => {
    const answer = await fetch(`${house.origin}/ai/session`, { method: 'POST', headers: { authorization: `Bearer ${house.callers.acme}` } })
    const { code, message } = await errorOf(answer)
    expect(code).toBe('endpoint_not_allowed')
    expect(message).not.toContain('explain')
  })

  test('the log says of a backend that answers nothing of use what was asked, and what it answered', async () => {
    backend.answer('a fault')
    await say(null, { cookie: backend.signIn('zoe', 'acme'), 'sec-fetch-site': 'same-origin' })
    expect(house.ledger.entries.at(-1)?.cause).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/\S+ answered 5\d\d, and callers\.forwardAuth\.url/)
    backend.answer('well')
  })
})

describe('a token where nothing takes its kind', () => {
  test('is told which setting would', async () => {
    const issuer = await startIssuer()
    const house = await openHouse({ callers: { session: undefined } })
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme' })
    expect((await errorOf(await house.chat({ credential: await issuer.sign() }))).message).toContain('callers.jwt')
    expect((await errorOf(await house.chat({ credential: token }))).message).toContain('callers.session')
    await house.close()
    await issuer.stop()
  })
})
