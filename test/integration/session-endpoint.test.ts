import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { doorNames, type House, openHouse } from '../support/house.js'
import { type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'
import { createProver } from '../support/prover.js'

interface Given {
  readonly token: string
  readonly id: string
  readonly token_type: string
  readonly expires_at: number
  readonly expires_in: number
}

describe.each(doorNames)('the desk that gives sessions, behind the %s door', (door) => {
  let backend: CookieBackend
  let issuer: Issuer
  let house: House
  let desk: string
  beforeAll(async () => {
    backend = await startCookieBackend()
    issuer = await startIssuer()
    house = await openHouse({
      door,
      callers: { forwardAuth: { url: backend.url }, jwt: [jwtCallers(issuer)] },
    })
    desk = `${house.origin}/ai/session`
  })
  afterAll(async () => {
    await house.close()
    await issuer.stop()
    await backend.stop()
  })

  const cookieOf = (user: string, team = 'acme') => ({ cookie: backend.signIn(user, team), 'sec-fetch-site': 'same-origin' })
  const ask = (headers: Readonly<Record<string, string>>, body?: unknown, method = 'POST'): Promise<Response> =>
    fetch(desk, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  const given = async (headers: Readonly<Record<string, string>>, body?: unknown): Promise<Given> => {
    const answer = await ask(headers, body)
    expect(answer.status).toBe(201)
    return (await answer.json()) as Given
  }
  const codeOf = async (answer: Response): Promise<readonly [number, string]> => [
    answer.status,
    ((await answer.json()) as { error: { code: string } }).error.code,
  ]

  test('gives a session for a cookie, good for calls as the same user and team', async () => {
    const answer = await ask(cookieOf('ada'))
    expect(answer.status).toBe(201)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-request-id')).toMatch(/\.0$/)
    const session = (await answer.json()) as Given
    expect(session).toMatchObject({ token_type: 'Bearer' })
    // A second may have ended between the signature and the answer.
    expect([599, 600]).toContain(session.expires_in)
    expect(session.expires_at).toBe((decodeJwt(session.token).iat as number) + 600)
    expect((await house.chat({ credential: session.token })).status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ via: 'session', caller: `session:${session.id}`, user: 'ada', team: 'acme' })
    expect(house.ledger.entries.at(-2)).toMatchObject({ via: 'forwardAuth', path: '/session', status: 201, finish: 'complete' })
  })

  test('binds it to the page that asks', async () => {
    const { token } = await given({ ...cookieOf('ada'), origin: house.origin })
    expect(decodeJwt(token)['origin']).toBe(house.origin)
    expect((await house.chat({ credential: token })).status).toBe(403)
    expect((await house.chat({ credential: token, headers: { origin: house.origin } })).status).toBe(200)
  })

  test('gives one for an issuer’s token, never for longer than that one lives', async () => {
    const now = Math.floor(Date.now() / 1000)
    const { token, expires_at: expiresAt } = await given(
      { authorization: `Bearer ${await issuer.sign({ exp: now + 120 })}` },
      { ttl: '1h' },
    )
    expect(expiresAt).toBe(now + 120)
    expect(decodeJwt(token)).toMatchObject({ sub: 'ada', team: 'acme' })
  })

  test('gives less where less is asked for', async () => {
    const bounds = { models: [house.model], endpoints: ['chat/completions'], max_tokens: 50, max_calls: 2, workflow: 'onboarding' }
    const { token, expires_in: expiresIn } = await given(cookieOf('ada'), { ...bounds, ttl: 30 })
    expect(decodeJwt(token)).toMatchObject(bounds)
    expect(expiresIn).toBe(30)
    expect((await house.chat({ credential: token, body: { model: 'another' } })).status).toBe(403)
  })

  test.each<[what: string, body: unknown]>([
    ['another user', { user: 'root' }],
    ['another team', { team: 'globex' }],
    ['another project', { project: 'labs' }],
    ['somebody else’s key', { jkt: 'A'.repeat(43) }],
    ['a bound that is not known', { spend: 5 }],
    ['a bound that cannot be kept', { max_calls: 0 }],
    ['a bound in two spellings', { max_calls: 1, maxCalls: 1000 }],
    ['another bound in two spellings', { maxTokens: 1, max_tokens: 1000 }],
    ['a name twice', '{"max_calls":1,"Max_Calls":1000}'],
    ['an endless life', { ttl: 'for ever' }],
    ['nothing that can be read', '{'],
    ['a list', []],
  ])('refuses to give one for %s', async (_, body) => {
    expect(await codeOf(await ask(cookieOf('ada'), body))).toEqual([400, 'request_malformed'])
  })

  test('refuses what is not written in JSON, which a form of another site could send', async () => {
    const answer = await fetch(desk, { method: 'POST', headers: { ...cookieOf('ada'), 'content-type': 'text/plain' }, body: '{"ttl":30}' })
    expect(await codeOf(answer)).toEqual([400, 'request_malformed'])
  })

  test.each([
    ['packed', { 'content-encoding': 'gzip' }, 415, 'media_type_unsupported'],
    ['in another alphabet', { 'content-type': 'application/json; charset=utf-16' }, 400, 'request_malformed'],
  ])('refuses a body that is %s, as any other body', async (_, headers, status, code) => {
    const answer = await fetch(desk, {
      method: 'POST',
      headers: { ...cookieOf('ada'), 'content-type': 'application/json', ...headers },
      body: '{"ttl":30}',
    })
    expect(await codeOf(answer)).toEqual([status, code])
  })

  test('refuses a body that is too large for what it can say', async () => {
    expect(await codeOf(await ask(cookieOf('ada'), { models: ['x'.repeat(20_000)] }))).toEqual([413, 'body_too_large'])
  })

  test('gives none for a session or a service credential, so that no session outlives what it came from', async () => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme' })
    expect(await codeOf(await ask({ authorization: `Bearer ${token}` }))).toEqual([403, 'endpoint_not_allowed'])
    expect(await codeOf(await ask({ authorization: `Bearer ${house.callers.acme}` }))).toEqual([403, 'endpoint_not_allowed'])
  })

  test('gives none to nobody', async () => {
    expect(await codeOf(await ask({}))).toEqual([401, 'caller_missing'])
    expect(await codeOf(await ask({ cookie: 'sid=unknown', 'sec-fetch-site': 'same-origin' }))).toEqual([401, 'caller_invalid'])
  })

  test('binds it to the key that is proved, which it is worthless without', async () => {
    const prover = await createProver()
    const { token, token_type: scheme } = await given({ ...cookieOf('ada'), dpop: await prover.prove('POST', desk) })
    expect(scheme).toBe('DPoP')
    expect(decodeJwt(token)['cnf']).toEqual({ jkt: prover.jkt })
    expect((await house.chat({ credential: token })).headers.get('postern-refusal')).toBe('proof_required')
    const dpop = await prover.prove('POST', `${house.baseURL}/chat/completions`, token)
    expect((await house.chat({ credential: null, headers: { authorization: `DPoP ${token}`, dpop } })).status).toBe(200)
    expect(await codeOf(await ask({ ...cookieOf('ada'), dpop: 'no proof' }))).toEqual([401, 'proof_invalid'])
  })

  test('keeps a token that is bound to a key bound to it', async () => {
    const prover = await createProver()
    const jwt = await issuer.sign({ cnf: { jkt: prover.jkt } })
    expect(await codeOf(await ask({ authorization: `Bearer ${jwt}` }))).toEqual([401, 'proof_required'])
    const { token } = await given({ authorization: `DPoP ${jwt}`, dpop: await prover.prove('POST', desk, jwt) })
    expect(decodeJwt(token)['cnf']).toEqual({ jkt: prover.jkt })
  })

  test('ends a session at once, and only that one', async () => {
    const [one, other] = [await given(cookieOf('ada')), await given(cookieOf('ada'))]
    const ended = await ask({ authorization: `Bearer ${one.token}` }, undefined, 'DELETE')
    expect([ended.status, await ended.text()]).toEqual([204, ''])
    expect(await codeOf(await house.chat({ credential: one.token }))).toEqual([401, 'caller_revoked'])
    expect((await house.chat({ credential: other.token })).status).toBe(200)
    expect(await codeOf(await ask({ authorization: `Bearer ${one.token}` }, undefined, 'DELETE'))).toEqual([401, 'caller_revoked'])
  })

  test('ends nothing that is no session', async () => {
    expect(await codeOf(await ask(cookieOf('ada'), undefined, 'DELETE'))).toEqual([400, 'request_malformed'])
  })

  test('says which methods it knows', async () => {
    const answer = await ask(cookieOf('ada'), undefined, 'PATCH')
    expect(answer.headers.get('allow')).toBe('POST, DELETE')
    expect(await codeOf(answer)).toEqual([405, 'method_not_allowed'])
  })

  test('gives one caller so many in a minute, and others theirs', async () => {
    const eager = cookieOf('eager')
    const answers = await Promise.all(Array.from({ length: 61 }, () => ask(eager)))
    const given = answers.filter(({ status }) => status === 201).length
    expect(given).toBeGreaterThanOrEqual(30)
    // A minute may begin in between, and has as many again.
    expect(given).toBeLessThanOrEqual(60)
    expect(answers.find(({ status }) => status === 429)?.headers.get('postern-refusal')).toBe('rate_limited')
    expect((await ask(cookieOf('patient'))).status).toBe(201)
  })
})

describe('a desk that gives nothing', () => {
  test('is closed where the operator says so, and ends sessions all the same', async () => {
    const backend = await startCookieBackend()
    const house = await openHouse({
      callers: { session: { secret: { env: 'SESSION' }, exchange: 'off' }, forwardAuth: { url: backend.url } },
    })
    const headers = { cookie: backend.signIn('ada', 'acme'), 'sec-fetch-site': 'same-origin' }
    const refused = await fetch(`${house.origin}/ai/session`, { method: 'POST', headers })
    expect([refused.status, refused.headers.get('postern-refusal')]).toEqual([404, 'not_found'])
    const { token } = await house.minter.mint({ team: 'acme' })
    const ended = await fetch(`${house.origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
    expect(ended.status).toBe(204)
    await house.close()
    await backend.stop()
  })

  test('is not there where there are no sessions', async () => {
    const house = await openHouse({ callers: { session: undefined } })
    const refused = await fetch(`${house.origin}/ai/session`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.callers.acme}` },
    })
    expect([refused.status, refused.headers.get('postern-refusal')]).toEqual([404, 'not_found'])
    await house.close()
  })
})

describe('a session that is good for a number of calls', () => {
  test('is good for exactly so many, however they come, and what is refused is none of them', async () => {
    const house = await openHouse()
    const { token } = await house.minter.mint({ team: 'acme', maxCalls: 5, models: [house.model] })
    expect((await house.chat({ credential: token, body: { model: 'not-allowed' } })).status).toBe(403)
    const answers = await Promise.all(Array.from({ length: 20 }, () => house.chat({ credential: token })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5)
    const refused = answers.filter(({ status }) => status === 402)
    expect(refused).toHaveLength(15)
    expect(refused[0]?.headers.get('postern-refusal')).toBe('budget_exhausted')
    expect(refused[0]?.headers.get('x-should-retry')).toBe('false')
    expect(house.emulator.seen).toHaveLength(5)
    await house.close()
  })
})
