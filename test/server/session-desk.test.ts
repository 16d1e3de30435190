import { createServer, type IncomingMessage, type RequestListener, request as ask } from 'node:http'
import { Readable } from 'node:stream'
import { createPosternFetch } from '@postern/client'
import { createSessionMinter, type MintRequest, sessionHandler, type SessionRouteOptions, sessionRoute } from '@postern/server'
import express from 'express'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, listenAnywhere, openHouse } from '../support/house.js'
import { createProver } from '../support/prover.js'

const secret = 'a secret of at least thirty-two bytes'
const shop = 'https://shop.example.com'
/** Postern knows its pages; the backend gives them no session. */
const blog = 'https://blog.shop.example.com'

/** What the application grants to whoever has this cookie. */
const granted: Readonly<Record<string, MintRequest>> = {
  ada: { user: 'ada', team: 'acme' },
  bound: {
    user: 'bob',
    team: 'acme',
    ttl: '5m',
    models: ['auto', 'openai/*'],
    endpoints: ['chat/completions', 'responses'],
    maxTokens: 500,
    maxCalls: 20,
    workflow: 'onboarding-42',
    origin: shop,
  },
  odd: { user: 'odd', email: 'odd@example.com' } as MintRequest,
}

function grantTo(cookie: string | null | undefined, authorization?: string | null): MintRequest | undefined {
  if (cookie === 'sid=fault') throw new Error('The database is down.')
  return granted[/sid=(\w+)/.exec(cookie ?? '')?.[1] ?? /^Bearer (\w+)$/.exec(authorization ?? '')?.[1] ?? '']
}

type Options<Incoming> = Omit<SessionRouteOptions<Incoming>, 'whoIs'>
const common = (house: House): Options<unknown> => ({
  minter: createSessionMinter({ secret: house.sessionSecret, ttl: '8m' }),
  origins: [shop],
})

const ofNode = (house: House) =>
  sessionHandler({ ...common(house), whoIs: ({ headers }: IncomingMessage) => grantTo(headers.cookie, headers.authorization) })

/** As an adapter of a framework would call it. */
function ofFetch(house: House): RequestListener {
  const route = sessionRoute({
    ...common(house),
    whoIs: async ({ headers }) => grantTo(headers.get('cookie'), headers.get('authorization')),
  })
  return (incoming, outgoing) => {
    const headers = new Headers(Object.entries(incoming.headers) as [string, string][])
    const body = incoming.method === 'GET' ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>)
    const options = { method: incoming.method ?? 'GET', headers, body, duplex: 'half' }
    route(new Request(`http://${incoming.headers.host}${incoming.url}`, options)).then(
      async (answer) => outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text()),
      () => outgoing.writeHead(500).end(),
    )
  }
}

const forms: readonly [name: string, listener: (house: House) => RequestListener][] = [
  ['on plain Node', ofNode],
  ['in Express', (house) => express().post('/session', ofNode(house)).all('/session', ofNode(house))],
  ['in Express behind a JSON parser', (house) => express().use(express.json()).all('/session', ofNode(house))],
  [
    'in Express behind a JSON parser that takes any value',
    (house) =>
      express()
        .use(express.json({ strict: false }))
        .all('/session', ofNode(house)),
  ],
  [
    'in Express behind a raw parser',
    (house) =>
      express()
        .use(express.raw({ type: () => true }))
        .all('/session', ofNode(house)),
  ],
  ['as a fetch route', ofFetch],
]

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: {
    readonly token: string
    readonly id: string
    readonly token_type: string
    readonly expires_at: number
    readonly expires_in: number
    readonly error?: { readonly code: string; readonly param: string | null; readonly message: string; readonly type: string }
  }
}

/** `fetch` writes no Origin and no cookies of ours; this does. */
function post(origin: string, headers: Readonly<Record<string, string>>, body?: unknown, method = 'POST'): Promise<Answer> {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const type = text === '' ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const asked = ask(`${origin}/session`, { method, headers: { ...type, ...headers } }, (answer) => {
      let received = ''
      answer.on('data', (part: Buffer) => (received += part.toString()))
      answer.on('end', () => {
        let parsed: unknown
        try {
          parsed = JSON.parse(received)
        } catch {
          parsed = {}
        }
        resolve({ status: answer.statusCode, headers: answer.headers, body: parsed as Answer['body'] })
      })
    })
    asked.on('error', reject)
    asked.end(text)
  })
}

describe.each(forms)('the session route of a backend %s', (form, listener) => {
  let house: House
  let origin: string
  const server = createServer((request, response) => serve(request, response))
  let serve: RequestListener
  beforeAll(async () => {
    house = await openHouse({ config: { browser: { origins: [shop, blog] } } })
    serve = listener(house)
    origin = await listenAnywhere(server)
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await house.close()
  })
  const signedIn = (who: string, further: Readonly<Record<string, string>> = {}) => ({
    cookie: `theme=dark; sid=${who}`,
    origin,
    'sec-fetch-site': 'same-origin',
    ...further,
  })

  test('gives whoever is signed in a session of their own, bound to the page that asks', async () => {
    const { status, headers, body } = await post(origin, signedIn('ada'))
    expect([status, headers['cache-control'], headers['content-type']]).toEqual([201, 'no-store', 'application/json; charset=utf-8'])
    expect(Object.keys(body)).toEqual(['token', 'id', 'token_type', 'expires_at', 'expires_in'])
    const claims = decodeJwt(body.token)
    expect(claims).toMatchObject({ sub: 'ada', team: 'acme', origin, jti: body.id, exp: body.expires_at })
    expect(body.token_type).toBe('Bearer')
    expect(body.expires_in).toBeGreaterThan(475)
    expect((claims.exp as number) - (claims.iat as number)).toBe(480)
  })

  test('gives a session that Postern takes from the page that asked, and from no other', async () => {
    const behind = 'http://localhost:5173'
    expect(decodeJwt((await post(origin, signedIn('ada', { origin: behind }))).body.token)).toMatchObject({ origin: behind })
    const { body } = await post(origin, signedIn('ada', { origin: shop, 'sec-fetch-site': 'cross-site' }))
    expect((await house.chat({ credential: body.token, headers: { origin: shop } })).status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'ada', caller: `session:${body.id}` })
    const elsewhere = await house.chat({ credential: body.token, headers: { origin: blog } })
    expect(elsewhere.headers.get('postern-refusal')).toBe('origin_not_allowed')
  })

  test('gives less where less is asked for', async () => {
    const jkt = (await createProver()).jkt
    const asked = { ttl: '1m', models: ['auto'], endpoints: ['chat/completions'], max_tokens: 100, max_calls: 3, workflow: 'run-7', jkt }
    const { status, body } = await post(origin, signedIn('ada'), asked)
    expect([status, body.token_type]).toEqual([201, 'DPoP'])
    const { ttl: _, jkt: __, ...claimed } = asked
    const claims = decodeJwt(body.token)
    expect(claims).toMatchObject({ ...claimed, cnf: { jkt } })
    expect((claims.exp as number) - (claims.iat as number)).toBe(60)
  })

  test('never gives more than is granted', async () => {
    const { body } = await post(origin, signedIn('bound', { origin: shop, 'sec-fetch-site': 'cross-site' }), {
      ttl: '23h',
      max_tokens: 100_000,
      max_calls: 7,
      models: ['openai/gpt-*', 'auto'],
    })
    const claims = decodeJwt(body.token)
    expect(claims).toMatchObject({
      max_tokens: 500,
      max_calls: 7,
      models: ['openai/gpt-*', 'auto'],
      endpoints: ['chat/completions', 'responses'],
      workflow: 'onboarding-42',
      origin: shop,
    })
    expect((claims.exp as number) - (claims.iat as number)).toBe(300)
    expect(decodeJwt((await post(origin, signedIn('ada'), { ttl: '23h' })).body.token)).toMatchObject({ exp: expect.any(Number) })
    const longest = decodeJwt((await post(origin, signedIn('ada'), { ttl: '23h' })).body.token)
    expect((longest.exp as number) - (longest.iat as number)).toBe(480)
  })

  test.each<[body: unknown, param: string | null]>([
    [{ models: ['*'] }, 'models'],
    [{ models: ['auto', 'anthropic/claude'] }, 'models'],
    [{ models: ['open*'] }, 'models'],
    [{ endpoints: ['*'] }, 'endpoints'],
    [{ workflow: 'another' }, 'workflow'],
    [{ origin: 'https://evil.example' }, 'origin'],
    [{ user: 'root' }, 'user'],
    [{ team: 'globex' }, 'team'],
    [{ project: 'labs' }, 'project'],
    [{ spend: 1 }, 'spend'],
    [{ max_calls: 0 }, 'max_calls'],
    [{ max_calls: 1, maxCalls: 500 }, 'max_calls'],
    [{ maxTokens: 1, max_tokens: 500 }, 'max_tokens'],
    [{ max_tokens: 5, maxTokens: 5 }, 'max_tokens'],
    [{ max_calls: null, maxCalls: 5 }, 'max_calls'],
    [{ max_calls: '3' }, 'max_calls'],
    [{ models: [] }, 'models'],
    [{ ttl: 'forever' }, 'ttl'],
    [{ ttl: -1 }, 'ttl'],
    [{ jkt: 'short' }, 'jkt'],
    ['{"ttl":', null],
    ['[7]', null],
    ['null', null],
    ['{"__proto__":{"user":"root"}}', '__proto__'],
  ])('refuses %j, and says what of it', async (body, param) => {
    const answer = await post(origin, signedIn('bound', { origin: shop }), body)
    expect(answer.status).toBe(400)
    // The parser of Express has words of its own for what is no JSON.
    if (answer.body.error !== undefined) expect(answer.body.error).toMatchObject({ code: 'request_malformed', param })
  })

  test('says 401 where nobody is signed in', async () => {
    for (const headers of [signedIn('nobody'), { origin }]) {
      const { status, headers: answered, body } = await post(origin, headers)
      expect([status, body.error?.code, body.error?.type]).toEqual([401, 'caller_missing', 'authentication_error'])
      expect(answered['cache-control']).toBe('no-store')
    }
  })

  test.each<[why: string, headers: Readonly<Record<string, string>>]>([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another server of this machine', { origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' }],
    ['a name that begins like this machine’s', { origin: 'http://localhost.evil.example', 'sec-fetch-site': 'same-origin' }],
    ['another site that a browser without Fetch Metadata shows', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a subdomain', { origin: blog, 'sec-fetch-site': 'same-site' }],
    ['a form of another site', { 'sec-fetch-site': 'cross-site', 'content-type': 'application/x-www-form-urlencoded' }],
    ['somebody who says nothing', {}],
    ['a password that browsers send by themselves', { authorization: 'Basic YTpi' }],
  ])('gives nothing to %s', async (_, headers) => {
    const { status, body } = await post(origin, { cookie: 'sid=ada', ...headers })
    expect([status, body.error?.code]).toEqual([403, 'cross_site_refused'])
  })

  test('takes a program with a token and no cookie from anywhere', async () => {
    const { status, body } = await post(origin, { authorization: 'Bearer ada', origin: 'capacitor://localhost' })
    expect(status).toBe(201)
    expect(decodeJwt(body.token)).not.toHaveProperty('origin')
    expect((await post(origin, { authorization: 'Bearer ada', cookie: 'sid=ada' })).status).toBe(403)
  })

  test.each(['GET', 'DELETE', 'PUT'])('takes no %s', async (method) => {
    const { status, headers } = await post(origin, signedIn('ada'), undefined, method)
    expect([status, headers.allow]).toEqual([405, 'POST'])
  })

  test('reads no body that is no JSON, nor one that is too large', async () => {
    const plain = await post(origin, { ...signedIn('ada'), 'content-type': 'text/plain' }, '{"ttl":"1m"}')
    // The JSON parser of Express leaves other types alone and unread.
    expect([plain.status, plain.body.error?.param]).toEqual([400, 'Content-Type'])
    if (!form.includes('parser')) expect((await post(origin, signedIn('ada'), { models: ['x'.repeat(20_000)] })).status).toBe(413)
  })

  test('answers a fault of the application as a fault, and a grant that a session cannot say too', async () => {
    const warned: string[] = []
    const warn = (warning: Error): unknown => warned.push(warning.message)
    process.on('warning', warn)
    for (const who of ['fault', 'odd']) {
      const { status, body } = await post(origin, { ...signedIn(who), cookie: `sid=${who}` })
      expect([status, body.token]).toEqual([500, undefined])
    }
    process.off('warning', warn)
    if (form === 'on plain Node') expect(warned).toEqual(['The database is down.', expect.stringContaining('"email" cannot be said')])
  })
})

describe('the client of @postern/client', () => {
  test('gets its sessions there', async () => {
    const house = await openHouse()
    const server = createServer(ofNode(house))
    const origin = await listenAnywhere(server)
    const postern = createPosternFetch({
      url: `${house.origin}/ai`,
      token: async () => (await post(origin, { cookie: 'sid=ada', 'sec-fetch-site': 'same-origin' })).body.token,
    })
    const body = JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] })
    const headers = { 'content-type': 'application/json' }
    const answer = await postern.fetch(`${postern.baseURL}/chat/completions`, { method: 'POST', headers, body })
    expect(answer.status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'ada', via: 'session' })
    server.closeAllConnections()
    server.close()
    await house.close()
  })
})

test('origins that are none are refused when the route is made', () => {
  const minter = createSessionMinter({ secret })
  expect(() => sessionRoute({ minter, whoIs: () => undefined, origins: ['https://app.example.com/'] })).toThrow(/"origins" has/)
})
