import { createServer, type RequestListener } from 'node:http'
import { posternMiddleware } from '@postern/express'
import express from 'express'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { type DoorName, doorNames, type House, type HouseOptions, listenAnywhere, openHouse } from '../support/house.js'
import { rawExchange } from '../support/raw-exchange.js'

const page = 'https://app.example.com'

/** What a shared cache of one make or another takes for leave to keep an answer, or reads before `Cache-Control`. */
const leaves: Readonly<Record<string, string>> = {
  'Cache-Control': 'public, max-age=31536000, s-maxage=31536000, immutable, stale-while-revalidate=600',
  'CDN-Cache-Control': 'public, max-age=600',
  'Cloudflare-CDN-Cache-Control': 'max-age=600',
  'Vercel-CDN-Cache-Control': 'max-age=600',
  'Netlify-CDN-Cache-Control': 'public, durable',
  'Akamai-Cache-Control': 'max-age=1d',
  'Surrogate-Control': 'max-age=600',
  'Surrogate-Key': 'one two',
  'Edge-Control': 'cache-maxage=1d',
  'X-LiteSpeed-Cache-Control': 'public, max-age=600',
  'X-Accel-Expires': '600',
  X_Cache_Control: 'public',
  Expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
  Pragma: 'public',
  Age: '3',
  Warning: '110 - "Response is Stale"',
  'Cache-Status': 'edge; hit; ttl=600',
  'Cache-Tag': 'everybody',
  'X-Cache': 'HIT',
  'X-Edge-TTL': '600',
  'CDN-TTL': '600',
  Some_TTL: '600',
  'No-Vary-Search': 'params',
  Vary: 'Accept-Encoding',
}

/** Names that an answer must not have, whoever wrote them. */
const forbidden = Object.keys(leaves).filter((name) => name !== 'Cache-Control' && name !== 'Vary')

function expectPrivate(answer: Response, varies: readonly string[] = ['Origin', 'Authorization']): void {
  expect(answer.headers.get('cache-control')).toMatch(/^(?:no-store(?:, no-transform)?|private, max-age=\d+)$/)
  expect(forbidden.filter((name) => answer.headers.has(name))).toEqual([])
  const named = (answer.headers.get('vary') ?? '').split(', ')
  expect(named).toEqual(expect.arrayContaining([...varies]))
  expect(new Set(named).size).toBe(named.length)
  expect(named).not.toContain('Accept-Encoding')
}

const answers: Readonly<Record<string, RequestListener>> = {
  json: (_, response) => response.writeHead(200, { 'content-type': 'application/json', ...leaves }).end(plainCompletion),
  events: (_, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream', ...leaves }).end('data: {"choices":[]}\n\ndata: [DONE]\n\n'),
  sound: (_, response) => response.writeHead(200, { 'content-type': 'audio/mpeg', ...leaves }).end(Buffer.alloc(64, 7)),
  large: (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json', ...leaves }).end(JSON.stringify('x'.repeat(2 ** 21))),
  nothing: (_, response) => response.writeHead(204, leaves).end(),
  error: (_, response) =>
    response.writeHead(500, { 'content-type': 'application/json', ...leaves }).end('{"error":{"message":"no","type":"stream_error"}}'),
  wrong: (_, response) =>
    response.writeHead(404, { 'content-type': 'application/json', ...leaves }).end('{"error":{"message":"no","type":"not_found"}}'),
  page: (_, response) => response.writeHead(200, { 'content-type': 'text/html', ...leaves }).end('<h1>hello</h1>'),
}

describe.each(doorNames)('behind the %s door, no shared cache may keep', (door: DoorName) => {
  let upstream: HostileUpstream
  let house: House
  let answer: RequestListener
  beforeAll(async () => {
    upstream = await startHostileUpstream((request, response) => answer(request, response))
    house = await openHouse({ door, baseURL: upstream.baseURL, config: { browser: { origins: [page] } } })
  })
  afterAll(async () => {
    await house.close()
    await upstream.close()
  })

  test.each(Object.keys(answers))('an answer of a gateway: %s', async (kind) => {
    answer = answers[kind] as RequestListener
    const got = await house.chat({ body: { stream: kind === 'events' } })
    expectPrivate(got)
    expect(got.headers.get('cache-control')).toBe(kind === 'events' ? 'no-store, no-transform' : 'no-store')
    await got.arrayBuffer()
  })

  test('an event stream under another name of its type', async () => {
    answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'application/x-event-stream', 'cache-control': 'public' }).end('data: {"choices":[]}\n\n')
    expect((await house.chat()).headers.get('cache-control')).toBe('no-store, no-transform')
  })

  test.each([
    [null, {}],
    ['acme', { 'x-api-key': 'abc' }],
    ['acme', { origin: 'https://evil.example' }],
    ['acme', { 'x-workflow-id': 'not a tag' }],
    ['stranger', {}],
    ['acme', { origin: page, 'postern-act-as': 'team=globex' }],
  ] as const)('a refusal: caller %s with %o', async (caller, headers) => {
    const got = await house.chat({ credential: caller === null ? null : house.callers[caller], headers })
    expect(got.status).toBeGreaterThanOrEqual(400)
    expectPrivate(got)
    expect(got.headers.get('cache-control')).toBe('no-store')
  })

  test.each([page, 'https://evil.example'])('the answer to a preflight of %s', async (origin) => {
    const got = await fetch(`${house.baseURL}/models`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    })
    expect([got.headers.get('cache-control'), got.headers.get('vary')]).toEqual(['no-store', 'Origin'])
  })

  test('what does not exist, and a session that is not given', async () => {
    expectPrivate(await fetch(`${house.origin}/ai/nothing`, { headers: { authorization: `Bearer ${house.callers.acme}` } }))
    expectPrivate(await fetch(`${house.origin}/ai/session`, { method: 'POST', headers: { authorization: `Bearer ${house.callers.acme}` } }))
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme' })
    const ended = await fetch(`${house.origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
    expect(ended.status).toBe(204)
    expectPrivate(ended)
  })

  test('with two lines where one is meant: Vary and Cache-Control are written once', async () => {
    answer = answers['json'] as RequestListener
    const body = JSON.stringify({ model: 'auto', messages: [] })
    const text = await rawExchange(
      house.origin,
      `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: a\r\nOrigin: ${page}\r\nAuthorization: Bearer ${house.callers.acme}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      { oneAnswer: true },
    )
    const head = text.slice(0, text.indexOf('\r\n\r\n')).toLowerCase().split('\r\n')
    expect(head[0]).toContain('200')
    for (const name of ['vary', 'cache-control']) expect(head.filter((line) => line.startsWith(`${name}:`))).toHaveLength(1)
  })
})

describe('what a gateway calls private', () => {
  let upstream: HostileUpstream
  let house: House
  let said: string | readonly string[]
  beforeAll(async () => {
    upstream = await startHostileUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': said as string })
      response.end('{"object":"list","data":[]}')
    })
    house = await openHouse({ gateway: 'opentoken', baseURL: upstream.baseURL })
  })
  afterAll(async () => {
    await house.close()
    await upstream.close()
  })
  const models = (method = 'GET') =>
    fetch(`${house.baseURL}/models`, { method, headers: { authorization: `Bearer ${house.callers.acme}` } })

  test.each([
    ['private, max-age=60', 'private, max-age=60'],
    ['max-age=5,PRIVATE', 'private, max-age=5'],
    ['private, max-age=60, s-maxage=600, stale-while-revalidate=9', 'private, max-age=60'],
    ['private', 'no-store'],
    ['max-age=60', 'no-store'],
    ['public, max-age=60', 'no-store'],
    ['private, public, max-age=60', 'no-store'],
    ['private="authorization", max-age=60', 'no-store'],
    ['private, no-cache, max-age=60', 'no-store'],
    ['private, no-store, max-age=60', 'no-store'],
    ['private, no-cache="x", max-age=60', 'no-store'],
    ['private, max-age=60, max-age=6000', 'no-store'],
    ['private, max-age="60"', 'no-store'],
    ['s-maxage=60', 'no-store'],
  ])('of a read, %s is told as %s', async (gateway, told) => {
    said = gateway
    expect((await models()).headers.get('cache-control')).toBe(told)
  })

  test('in one of two lines that contradict each other is kept by nobody', async () => {
    said = ['public, s-maxage=600', 'private, max-age=60']
    expect((await models()).headers.get('cache-control')).toBe('no-store')
    said = ['private, max-age=60', 'public, s-maxage=600']
    expect((await models()).headers.get('cache-control')).toBe('no-store')
  })

  test('is not kept where the request was no read', async () => {
    said = 'private, max-age=60'
    expect((await house.chat()).headers.get('cache-control')).toBe('no-store')
  })
})

describe('where a cookie says who is calling', () => {
  let backend: CookieBackend
  let house: House | undefined
  beforeAll(async () => {
    backend = await startCookieBackend()
  })
  afterEach(() => house?.close())
  afterAll(() => backend.stop())

  test('caches are told of it, and of every header that the backend is asked with', async () => {
    const options: HouseOptions = { callers: { forwardAuth: { url: backend.url, passHeaders: ['x-tenant'] } } }
    house = await openHouse(options)
    const got = await house.chat({ credential: null, headers: { cookie: backend.signIn('ada', 'acme'), 'sec-fetch-site': 'same-origin' } })
    expect(got.status).toBe(200)
    expectPrivate(got, ['Origin', 'Authorization', 'Cookie', 'Sec-Fetch-Site', 'x-tenant', 'Postern-Act-As', 'DPoP'])
  })
})

describe('what an Express application tells caches of its pages', () => {
  test('does not hold for answers under the mount', async () => {
    const house = await openHouse()
    const app = express()
    app.use((_request, response, next) => {
      response.set(leaves)
      next()
    })
    app.use('/ai', posternMiddleware(house.runtime))
    const server = createServer(app)
    const origin = await listenAnywhere(server)
    try {
      for (const credential of [house.callers.acme, 'wrong']) {
        const got = await fetch(`${origin}/ai/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] }),
        })
        expectPrivate(got)
        expect(got.headers.get('cache-control')).toBe('no-store')
        await got.text()
      }
    } finally {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await house.close()
    }
  })
})
