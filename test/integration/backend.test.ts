import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, request as requestTls } from 'node:https'
import { connect, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTrust } from '@postern/config'
import { createBackend } from '@postern/instance'
import { parseGovernance } from '@postern/protocol'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { signedByItself, testKey } from '../support/certificate-of-nobody.js'
import { listenAnywhere } from '../support/house.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'
import { createSampleBackend } from '../support/sample-backend.js'
import { startStopwatch } from '../support/stopwatch.js'

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
    const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'))
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
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    const event = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString()
    expect(await event()).toBe('data: 1\n\n')
    // The second event is sent when the first one was read.
    await fetch(`${origin()}/events`, { method: 'POST' })
    expect(await event()).toBe('data: 2\n\n')
    expect((await reader.read()).done).toBe(true)
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
    expect(upgrade).toMatch(/^HTTP\/1\.1 426 [\s\S]*Postern-Refusal: upgrade_required/)
  })
})

describe('what Postern takes out on the way from the backend', () => {
  test('is what Postern alone says of an answer', async () => {
    const ours = {
      'Postern-Governance': '{"attempt":1}',
      Postern_Governance: '{"attempt":2}',
      'POSTERN-REFUSAL': 'caller_invalid',
      postern_refusal: 'caller_invalid',
      'X-Request-ID': 'own',
    }
    const speaking = createServer((request, response) => {
      request.resume()
      response.writeHead(200, ours).end('page')
    })
    const { origin } = await stand(await listenAnywhere(speaking))
    for (const init of [{}, { method: 'POST', body: 'a=b' }, { method: 'PUT', body: 'x'.repeat(100_000) }]) {
      const { headers } = await fetch(`${origin}/x`, init)
      expect([...headers.keys()].filter((name) => /postern/i.test(name))).toEqual([])
      expect(headers.get('x-request-id')).toBe('own')
    }
    speaking.close()
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

/** Answers as they come over the wire, by path. */
const wire: Readonly<Record<string, string>> = {
  '/304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: "a"\r\n\r\n',
  '/204': 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nX-Kept: yes\r\n\r\n',
  '/100': 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell',
  '/103': 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell',
  '/trailers': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nwe\r\n2\r\nll\r\n0\r\nX-T: 1\r\n\r\n',
  '/open-ended': 'HTTP/1.1 200 OK\r\n\r\nwell',
  '/cases': 'HTTP/1.1 200 Fine\r\nX-OdD: 1\r\nset-cookie: a=1\r\nx-oDD: 2\r\nSet-Cookie: b=2\r\nX-Byte: \xe4\r\nContent-Length: 0\r\n\r\n',
  '/101': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n',
  '/101-bare': 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  '/well': 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell',
  '/never': '',
}

describe.each([
  ['the quick road', 'GET'],
  ['the road for everything', 'PUT'],
] as const)('an odd answer on %s', (_, method) => {
  let odd: NetServer
  let origin: string
  const seen: string[] = []
  beforeAll(async () => {
    odd = createNetServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        const text = chunk.toString('latin1')
        seen.push(text)
        const path = text.split(' ', 2)[1] as string
        if (path === '/open-ended') socket.end(wire[path] as string)
        else socket.write(Buffer.from(wire[path] as string, 'latin1'))
      })
    })
    const url = await listenAnywhere(odd)
    origin = (await stand(url, { backend: { url, timeouts: { headers: '400ms' } } })).origin
  })
  afterAll(() => new Promise((closed) => odd.close(closed)))

  /** The answer, and the one to a second request on the same connection, which shows where the first one ended. */
  const ask = async (path: string, ...lines: string[]): Promise<string> => {
    const first = [`${method} ${path} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')
    const text = await rawAsk(origin, `${first}\r\n\r\nGET /well HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    expect(text).toMatch(/HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\nwell$/)
    return text.slice(0, text.lastIndexOf('HTTP/1.1 200 OK'))
  }

  test.each(['/304', '/204'])('%s ends at its head, whatever length it states', async (path) => {
    expect(await ask(path)).toMatch(new RegExp(`^HTTP/1\\.1 ${path.slice(1)} [^]*(?:ETag: "a"|X-Kept: yes)\r\n[^]*\r\n\r\n$`))
  })

  test.each(['/100', '/103'])('what goes before it is not mistaken for it: %s', async (path) => {
    expect(await ask(path)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nwell$/)
  })

  test.each(['/trailers', '/open-ended'])('it is whole to its end: %s', async (path) => {
    const text = await ask(path)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Transfer-Encoding: chunked\r\n/)
    expect(text.slice(text.indexOf('\r\n\r\n') + 4).replaceAll(/(?:^|\r\n)\d?(?:\r\n|$)/g, '')).toBe('well')
    expect(text).toMatch(/\r\n0\r\n\r\n$/)
  })

  test('names keep their case and headers their number and order, both ways', async () => {
    seen.length = 0
    expect(await ask('/cases', 'X-OdD: 1', 'cookie: a=\xe4', 'x-oDD: 2')).toMatch(
      /^HTTP\/1\.1 200 Fine\r\nX-OdD: 1\r\nset-cookie: a=1\r\nx-oDD: 2\r\nSet-Cookie: b=2\r\nX-Byte: \xe4\r\n/,
    )
    const first = seen.find((text) => text.includes(' /cases '))
    expect(first).toMatch(/\r\nX-OdD: 1\r\ncookie: a=\xe4\r\nx-oDD: 2\r\n/)
    expect(first?.match(/^host:/gim)).toHaveLength(1)
  })

  test.each(['/101', '/101-bare'])('another protocol that nobody asked for is 502: %s', async (path) => {
    expect(await ask(path)).toMatch(/^HTTP\/1\.1 502 [^]*Postern-Refusal: backend_failed\r\n/)
  })

  test('none is 504', async () => {
    expect(await ask('/never')).toMatch(/^HTTP\/1\.1 504 [^]*Postern-Refusal: backend_timeout\r\n/)
  })
})

describe('many at once', () => {
  const waiting: ServerResponse[] = []
  const left: string[] = []
  let busy: Server
  let origin: string
  let sent = 0
  const part = Buffer.alloc(65_536, 'x')
  beforeAll(async () => {
    busy = createServer((request, response) => {
      response.on('close', () => left.push(request.url as string))
      if (request.url === '/later') waiting.push(response)
      else if (request.url === '/endless') pour(response)
      else if (request.url === '/begun') response.write('begun')
      else request.pipe(response)
    })
    const pour = (response: ServerResponse): void => {
      if (response.destroyed) return
      sent += part.length
      response.write(part, () => pour(response))
    }
    origin = (await stand(await listenAnywhere(busy))).origin
  })
  afterAll(async () => {
    busy.closeAllConnections()
    await new Promise((closed) => busy.close(closed))
  })
  const connection = (text: string): Socket => {
    const { hostname, port } = new URL(origin)
    const socket = connect(Number(port), hostname, () => socket.write(text))
    return socket
  }

  test('requests in one piece are answered in their order', async () => {
    const text = rawAsk(
      origin,
      'GET /later HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nsecondGET /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthird',
    )
    await expect.poll(() => waiting).toHaveLength(1)
    waiting.pop()?.end('first')
    expect((await text).match(/first|second|third/g)).toEqual(['first', 'second', 'third'])
  })

  test('a client that does not read is not read for, and nobody waits for it', async () => {
    const slow = connection('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n')
    slow.pause()
    let before = -1
    await expect
      .poll(
        () => {
          const still = sent > 0 && sent === before
          before = sent
          return still
        },
        { interval: 200, timeout: 15_000 },
      )
      .toBe(true)
    expect(sent).toBeLessThan(50_000_000)
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${origin}/echo`, { method: 'POST', body: 'x' })))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect((await fetch(`${origin}/echo`)).status).toBe(200)
    slow.destroy()
    await expect.poll(() => left).toContain('/endless')
  })

  test.each(['GET', 'POST'])('a client of %s that leaves before its answer is told to the backend', async (method) => {
    left.length = 0
    const leaving = connection(`${method} /later HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n`)
    await expect.poll(() => waiting).toHaveLength(1)
    leaving.destroy()
    await expect.poll(() => left).toEqual(['/later'])
    waiting.length = 0
  })

  test.each(['GET', 'POST'])('a client of %s that leaves during its answer is told to the backend', async (method) => {
    left.length = 0
    const leaving = connection(`${method} /begun HTTP/1.1\r\nHost: a\r\n\r\n`)
    await new Promise((begun) => leaving.once('data', begun))
    leaving.destroy()
    await expect.poll(() => left).toEqual(['/begun'])
  })
})

test('told to stop, it lets an open WebSocket live to the deadline and no longer', async () => {
  const { origin, postern } = await stand(direct, { shutdown: { deadline: '300ms' } })
  const signedIn = await supertest(origin).post('/login').type('form').send({ name: 'Ada' })
  const cookie = (signedIn.headers['set-cookie'] as unknown as string[]).map((text) => text.split(';')[0]).join('; ')
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/chat`, { headers: { cookie } })
  await new Promise((opened) => socket.once('open', opened))
  const since = performance.now()
  const watch = startStopwatch(postern.child.pid as number)
  postern.child.kill('SIGTERM')
  await new Promise((closed) => socket.once('close', closed))
  expect(performance.now() - since).toBeGreaterThan(250)
  await postern.finished
  expect(watch.stop()).toBeLessThan(5000)
})

describe('a backend that closes connections before it answers', () => {
  test('gets a request that only reads twice at most, whichever way it goes', async () => {
    const asked: string[] = []
    const closing = createNetServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        const line = bytes.toString('latin1').split('\r\n', 1)[0] as string
        asked.push(line)
        if (line.includes('/closes')) socket.destroy()
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      })
    })
    const url = await listenAnywhere(closing)
    const passing = createBackend({ url, isTrusted: createTrust([]), headersMs: 3000 })
    const front = createServer((request, response) => passing.pass(request, response))
    const origin = await listenAnywhere(front)
    try {
      // Each of the two ways has now a connection that it would use again.
      for (const method of ['GET', 'HEAD']) expect((await fetch(`${origin}/warm`, { method })).status).toBe(200)
      for (const method of ['GET', 'HEAD']) {
        expect((await fetch(`${origin}/closes`, { method })).status).toBe(502)
        expect(asked.splice(0).filter((line) => line.includes('/closes'))).toEqual(Array(2).fill(`${method} /closes HTTP/1.1`))
        for (const warm of ['GET', 'HEAD']) await fetch(`${origin}/warm`, { method: warm })
      }
    } finally {
      passing.close()
      front.close()
      front.closeAllConnections()
      closing.close()
    }
  })
})

test('on a server of HTTPS, the backend is told https, unless a trusted proxy says otherwise', async () => {
  const seen: (string | undefined)[] = []
  const told = createServer((request, response) => {
    seen.push(request.headers['x-forwarded-proto'] as string | undefined)
    response.end()
  })
  const url = await listenAnywhere(told)
  for (const trusted of [[], ['127.0.0.1', '::1']]) {
    const passing = createBackend({ url, isTrusted: createTrust(trusted), headersMs: 3000 })
    const front = createTlsServer({ key: testKey, cert: signedByItself }, (request, response) => passing.pass(request, response))
    await listenAnywhere(front)
    const { port } = front.address() as { port: number }
    for (const headers of [{}, { 'x-forwarded-proto': 'http' }])
      await new Promise<void>((resolve, reject) => {
        const asking = requestTls({ host: '127.0.0.1', port, headers, rejectUnauthorized: false }, (answer) =>
          answer.resume().on('end', resolve),
        )
        asking.on('error', reject).end()
      })
    passing.close()
    front.close()
    front.closeAllConnections()
  }
  told.close()
  expect(seen).toEqual(['https', 'https', 'https', 'http'])
})
