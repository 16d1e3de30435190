import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseGovernance } from '@postern/protocol'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { listenAnywhere } from '../support/house.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'
import { createSampleBackend } from '../support/sample-backend.js'

let cwd: string
let backend: Server
let direct: string
let unixBackend: Server
const running: RunningPostern[] = []

/** The real process in front of a backend; the gateway is not there, and need not be. */
async function stand(url: string, further: object = {}): Promise<{ origin: string; postern: RunningPostern }> {
  const file = join(cwd, `${running.length}.json`)
  const { listen, ...rest } = further as { listen?: object }
  const config = {
    version: 1,
    listen: { port: 0, ...listen },
    backend: { url },
    gateways: { main: { dialect: 'joytoken', baseURL: 'http://127.0.0.1:9/openai/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' } } },
    ...rest,
  }
  writeFileSync(file, JSON.stringify(config))
  const postern = startPostern(['start', '--config', file], {
    cwd,
    env: { KEY: 'jt_0123456789', RING: `agent:${hash('sha256', 'agent credential')}` },
  })
  running.push(postern)
  const [, printed = ''] = await postern.prints(/"url":"([^"]+)"/)
  return { origin: new URL(printed).origin, postern }
}

let through: string
let throughUnix: string
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-backend-'))
  backend = createSampleBackend()
  direct = await listenAnywhere(backend)
  unixBackend = createSampleBackend()
  await new Promise<void>((done) => unixBackend.listen(join(cwd, 'app.sock'), done))
  through = (await stand(direct)).origin
  throughUnix = (await stand(`unix:${join(cwd, 'app.sock')}`)).origin
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  for (const server of [backend, unixBackend]) {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  rmSync(cwd, { recursive: true })
})

function rawAsk(origin: string, text: string): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })
}

// One suite, which the application passes directly and behind Postern alike.
describe.each([
  ['directly', () => direct],
  ['through Postern', () => through],
  ['through Postern, over a Unix socket', () => throughUnix],
] as const)('the customer’s application, asked %s', (_, origin) => {
  test('renders its page, and signs in with cookies', async () => {
    const agent = supertest.agent(origin())
    expect((await agent.get('/')).text).toBe('<!doctype html><h1>Hello stranger</h1>')
    const signedIn = await agent.post('/login').type('form').send({ name: 'Ada' })
    expect([signedIn.status, signedIn.headers['location']]).toEqual([303, '/'])
    expect(signedIn.headers['set-cookie']).toHaveLength(2)
    expect((await agent.get('/')).text).toBe('<!doctype html><h1>Hello Ada</h1>')
  })

  test('answers HEAD, 204 and 304 right', async () => {
    const page = await supertest(origin()).get('/')
    const head = await supertest(origin()).head('/')
    expect([head.status, head.headers['content-length'], head.text]).toEqual([200, page.headers['content-length'], undefined])
    const unchanged = await supertest(origin())
      .get('/')
      .set('If-None-Match', page.headers['etag'] as string)
    expect([unchanged.status, unchanged.text, unchanged.headers['etag']]).toEqual([304, '', page.headers['etag']])
    expect((await supertest(origin()).get('/no-content')).headers).toMatchObject({ 'x-kept': 'yes' })
  })

  test('keeps status lines, repeated headers and odd paths', async () => {
    const answer = await supertest(origin()).get('/teapot')
    expect([answer.status, answer.headers['x-twice'], answer.text]).toEqual([418, 'one, two', 'short and stout'])
    const raw = await rawAsk(
      origin(),
      'GET /echo/%2e%2e/a//b;c=d?x=%00&&y HTTP/1.1\r\nHost: app.example.com\r\nX-Odd: \xe4\r\nConnection: close\r\n\r\n',
    )
    expect(raw).toContain('"url":"/echo/%2e%2e/a//b;c=d?x=%00&&y"')
    expect(raw).toContain('"host":"app.example.com"')
  })

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('takes %s', async (method) => {
    const answer = await fetch(`${origin()}/echo/x`, { method })
    expect(((await answer.json()) as { method: string }).method).toBe(method)
  })

  test('takes uploads of known and unknown length, whole', async () => {
    const body = Buffer.alloc(3_000_000, 'upload')
    const known = await supertest(origin()).put('/upload').type('application/octet-stream').send(body)
    expect([known.status, known.body]).toMatchObject([201, { bytes: body.length, sha256: hash('sha256', body) }])
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 500_000) controller.enqueue(body.subarray(at, at + 500_000))
        controller.close()
      },
    })
    const chunked = await fetch(`${origin()}/upload`, { method: 'PUT', body: stream, duplex: 'half' } as RequestInit)
    expect(await chunked.json()).toMatchObject({ sha256: hash('sha256', body) })
  })

  test('sends events as they come', async () => {
    const answer = await fetch(`${origin()}/events`)
    const times: number[] = []
    for await (const _chunk of answer.body as ReadableStream<Uint8Array>) times.push(performance.now())
    expect(times).toHaveLength(3)
    expect((times[2] as number) - (times[0] as number)).toBeGreaterThan(30)
  })

  test('learns that a client has left', async () => {
    const leaving = new AbortController()
    const answer = await fetch(`${origin()}/never-ends`, { signal: leaving.signal })
    await answer.body?.getReader().read()
    leaving.abort()
    await expect.poll(async () => (await supertest(origin()).get('/left')).body as unknown).toContain('never-ends')
  })

  test('breaks off where it breaks off', async () => {
    await expect(fetch(`${origin()}/breaks`).then((answer) => answer.text())).rejects.toThrow()
  })

  test('chats over a WebSocket with its cookie, in text and in bytes', async () => {
    const signedIn = await supertest(origin()).post('/login').type('form').send({ name: 'Ada' })
    const cookie = (signedIn.headers['set-cookie'] as unknown as string[]).map((text) => text.split(';')[0]).join('; ')
    const socket = new WebSocket(`${origin().replace('http', 'ws')}/chat`, ['chat.v1'], { headers: { cookie } })
    const messages: string[] = []
    socket.on('message', (data, isBinary) => messages.push(isBinary ? `${(data as Buffer).length} bytes` : (data as Buffer).toString()))
    await new Promise((opened, failed) => socket.once('open', opened).once('error', failed))
    expect(socket.protocol).toBe('chat.v1')
    socket.send('hello')
    socket.send(Buffer.alloc(200_000))
    await expect.poll(() => messages).toEqual(['Ada: hello', '200000 bytes'])
    socket.close()
    await new Promise((closed) => socket.once('close', closed))
  })

  test('refuses a WebSocket of nobody in its own words', async () => {
    const socket = new WebSocket(`${origin().replace('http', 'ws')}/chat`)
    const refused = await new Promise<{ statusCode?: number | undefined }>((resolve) => {
      socket.once('unexpected-response', (_request, answer) => resolve(answer))
      socket.once('error', () => {})
    })
    expect(refused.statusCode).toBe(401)
    socket.terminate()
  })
})

describe('what Postern adds on the way to the backend', () => {
  const echo = async (origin: string, headers: Record<string, string> = {}) =>
    ((await (await fetch(`${origin}/echo/x`, { headers })).json()) as { headers: Record<string, string> }).headers

  test('says on whose behalf it asks, and believes nobody else', async () => {
    const host = new URL(through).host
    const spoofed = {
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=1.2.3.4',
      'x-real-ip': '1.2.3.4',
    }
    const seen = await echo(through, spoofed)
    expect(seen).toMatchObject({ host, 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': host })
    expect(JSON.stringify(seen)).not.toMatch(/1\.2\.3\.4|evil/)
    const underscored = await rawAsk(through, 'GET /echo/x HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1.2.3.4\r\nConnection: close\r\n\r\n')
    expect(underscored).not.toContain('1.2.3.4')
  })

  test('continues what a trusted proxy says', async () => {
    const { origin } = await stand(direct, { listen: { trustedProxies: ['127.0.0.0/8', '::1'] } })
    expect(
      await echo(origin, { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example.com' }),
    ).toMatchObject({
      'x-forwarded-for': '1.2.3.4, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'app.example.com',
    })
  })

  test('passes on no hop-by-hop header', async () => {
    const raw = await rawAsk(
      through,
      'GET /echo/x HTTP/1.1\r\nHost: a\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nProxy-Authorization: Basic x\r\nTE: trailers\r\n\r\n',
    )
    expect(raw).not.toMatch(/x-hop|proxy-authorization|"te"/i)
    expect((await fetch(`${through}/teapot`)).headers.get('x-hop')).toBeNull()
  })

  test('keeps the API and its mount to itself', async () => {
    for (const path of ['/ai', '/ai/', '/ai/v1/models', '/ai/v1/chat/completions?x']) {
      expect((await fetch(through + path)).headers.get('postern-refusal')).not.toBeNull()
    }
    expect((await fetch(`${through}/aix`)).headers.get('postern-refusal')).toBeNull()
    const upgrade = await rawAsk(through, 'GET /ai/v1/realtime HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    expect(upgrade).toMatch(/^HTTP\/1\.1 400 [\s\S]*Postern-Refusal: request_malformed/)
  })
})

describe('a backend that is not well', () => {
  const answerOf = async (url: string, accept: string, further: object = {}, path = '/') => {
    const { origin } = await stand(url, further)
    const answer = await fetch(origin + path, { headers: { accept } })
    const id = answer.headers.get('x-request-id')
    expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject({ request_id: id, attempt: 0, finish: 'refused' })
    expect(answer.headers.get('postern-refusal')).toMatch(/^backend_/)
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
  }

  test('that is down is 503, as a page or as JSON, as the client accepts', async () => {
    const server = createServer()
    const origin = await listenAnywhere(server)
    await new Promise((closed) => server.close(closed))
    const page = await answerOf(origin, 'text/html,application/xhtml+xml')
    expect([page.status, page.type, page.text]).toEqual([503, 'text/html; charset=utf-8', expect.stringContaining('<h1>')])
    const json = await answerOf(`unix:${join(cwd, 'nobody.sock')}`, 'application/json')
    expect([json.status, JSON.parse(json.text)]).toMatchObject([503, { error: { code: 'backend_unavailable' } }])
  })

  test('that breaks off is 502, and one that does not answer 504', async () => {
    const rude = createServer((request) => request.socket.destroy())
    const origin = await listenAnywhere(rude)
    const broken = await answerOf(origin, '*/*')
    expect([broken.status, JSON.parse(broken.text)]).toMatchObject([502, { error: { code: 'backend_failed' } }])
    await new Promise((closed) => rude.close(closed))
    const late = await answerOf(direct, '*/*', { backend: { url: direct, timeouts: { headers: '200ms' } } }, '/slow')
    expect([late.status, JSON.parse(late.text)]).toMatchObject([504, { error: { code: 'backend_timeout' } }])
  })

  test('is waited for from the end of an upload, however long that takes', async () => {
    const { origin } = await stand(direct, { backend: { url: direct, timeouts: { headers: '300ms' } } })
    const slow = new ReadableStream({
      async start(controller) {
        for (let count = 0; count < 5; count += 1) {
          controller.enqueue(Buffer.from('part '))
          await new Promise((later) => setTimeout(later, 150))
        }
        controller.close()
      },
    })
    const answer = await fetch(`${origin}/upload`, { method: 'PUT', body: slow, duplex: 'half' } as RequestInit)
    expect([answer.status, await answer.json()]).toMatchObject([201, { bytes: 25 }])
  })

  test('with a head that nobody should write costs one answer, and not the process', async () => {
    const rude = createNetServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 \x01\x7f\r\nX-Odd: a\x02b\r\nContent-Length: 2\r\n\r\nok'))
    })
    const { origin } = await stand(await listenAnywhere(rude))
    for (let count = 0; count < 2; count += 1) expect((await fetch(origin)).status).toBe(502)
    await new Promise((closed) => rude.close(closed))
  })

  test('that is down takes a little of an upload, and its answer is seen', async () => {
    const { origin } = await stand(`unix:${join(cwd, 'nobody.sock')}`)
    const answer = await supertest(origin).put('/upload').type('application/octet-stream').send(Buffer.alloc(200_000))
    expect([answer.status, (answer.body as { error: { code: string } }).error.code]).toEqual([503, 'backend_unavailable'])
  })

  test('that closes idle connections costs nobody a request', async () => {
    const server = createServer((_, response) => response.end('well'))
    server.keepAliveTimeout = 5
    const upstream = await listenAnywhere(server)
    const { origin } = await stand(upstream)
    for (let count = 0; count < 30; count += 1) {
      expect((await fetch(origin)).status).toBe(200)
      await new Promise((later) => setTimeout(later, count % 12))
    }
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })
})

test('told to stop, it lets an open WebSocket live to the deadline and no longer', async () => {
  const { origin, postern } = await stand(direct, { shutdown: { deadline: '300ms' } })
  const signedIn = await supertest(origin).post('/login').type('form').send({ name: 'Ada' })
  const cookie = (signedIn.headers['set-cookie'] as unknown as string[]).map((text) => text.split(';')[0]).join('; ')
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/chat`, { headers: { cookie } })
  await new Promise((opened) => socket.once('open', opened))
  const since = performance.now()
  postern.child.kill('SIGTERM')
  await new Promise((closed) => socket.once('close', closed))
  expect(performance.now() - since).toBeGreaterThan(250)
  await postern.finished
  expect(performance.now() - since).toBeLessThan(5000)
})
