import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { createNodeDoor } from '@postern/instance'
import { type House, type HouseOptions, listenAnywhere, openHouse } from '../support/house.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'

/** A server that answers nothing until it is told to, and counts what is open. */
interface PatientServer {
  readonly origin: string
  /** Requests that wait for their answer, by the order in which they came. */
  readonly waiting: ServerResponse[]
  readonly targets: string[]
  connections(): Promise<number>
  /** Answers everything that waits or comes. */
  answerAll(): void
  /** Answers nothing again, and forgets what came. */
  reset(): Promise<void>
  close(): Promise<void>
}

async function startPatientServer(): Promise<PatientServer> {
  const waiting: ServerResponse[] = []
  const targets: string[] = []
  let patient = true
  const answer = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"u","user":"u","choices":[]}')
  }
  const server: Server = createServer((request, response) => {
    targets.push(request.url as string)
    request.resume()
    request.on('error', () => {})
    if (request.url?.startsWith('/events') === true) response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    else if (patient && !request.url?.includes('quick')) {
      waiting.push(response)
      response.on('close', () => waiting.includes(response) && waiting.splice(waiting.indexOf(response), 1))
    } else answer(response)
  })
  server.requestTimeout = 0
  const origin = await listenAnywhere(server)
  return {
    origin,
    waiting,
    targets,
    connections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    answerAll() {
      patient = false
      for (const response of waiting.slice()) answer(response)
    },
    async reset() {
      await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(0)
      server.closeAllConnections()
      patient = true
      targets.length = 0
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

interface Client {
  readonly socket: Socket
  text(): string
  /** Statuses of the answers so far. */
  statuses(): number[]
  readonly closed: Promise<void>
}

const clients: Client[] = []

/** A client that leaves after the test. @param from The address that the client has. */
function dial(origin: string, bytes: string | Buffer = '', from = '127.0.0.1'): Client {
  const client = dialAlone(origin, bytes, from)
  clients.push(client)
  return client
}

/** A client that the test sends away by itself, for tests that run beside others. */
function dialAlone(origin: string, bytes: string | Buffer = '', from = '127.0.0.1'): Client {
  const { hostname, port } = new URL(origin)
  const socket = connect({ host: hostname, port: Number(port), localAddress: from })
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  if (bytes.length > 0) socket.write(bytes)
  return {
    socket,
    text: () => text,
    statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
    closed: new Promise((done) => socket.once('close', () => done())),
  }
}

afterEach(() => {
  for (const { socket } of clients.splice(0)) socket.destroy()
})

const get = (target: string, ...lines: readonly string[]): string =>
  `${[`GET ${target} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`
const usualMs = 15_000
/** @param own What a test that runs beside others expects with. */
const until = (condition: () => unknown, timeout = usualMs, own = expect) => own.poll(condition, { timeout })
/** How long nothing may happen before nothing will, in milliseconds. */
const quietMs = 300

describe('bounded-per-connection: requests to the backend', () => {
  let backend: PatientServer
  let sidecar: OpenSidecar
  const underWay = 16
  beforeEach(() => backend.reset())
  beforeAll(async () => {
    backend = await startPatientServer()
    sidecar = await openSidecar({
      backend: backend.origin,
      trustedProxies: ['127.0.0.9'],
      config: { connections: { underWay, perAddress: 200 } },
    })
  })
  afterAll(async () => {
    await sidecar.close()
    await backend.close()
  })

  test.each([
    ['pages', (index: number) => get(`/page/${index}`)],
    ['forms', (index: number) => `POST /form/${index} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b`],
    [
      'uploads in chunks',
      (index: number) => `PUT /up/${index} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n`,
    ],
    [
      'a mixture',
      (index: number) =>
        [get(`/a/${index}`), `HEAD /b/${index} HTTP/1.1\r\nHost: a\r\n\r\n`, get(`/c/${index}`, 'X: y')][index % 3] as string,
    ],
  ])(
    'of %s in one piece so many reach it at once, and all are answered in order',
    async (_, write) => {
      const many = 600
      const client = dial(sidecar.origin, Array.from({ length: many }, (_each, index) => write(index)).join(''))
      await until(() => backend.waiting.length).toBe(underWay)
      await wait(quietMs)
      expect([backend.waiting.length, await backend.connections()]).toEqual([underWay, underWay])
      backend.answerAll()
      await until(() => client.statuses().length).toBe(many)
      expect(new Set(client.statuses())).toEqual(new Set([200]))
      const order = backend.targets.map((target) => Number(/\d+$/.exec(target)?.[0]))
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: many }, (_each, index) => index))
    },
    30_000,
  )

  test('of many connections of one address so many wait for an answer, and another address waits for none of them', async () => {
    for (let index = 0; index < 100; index += 1) dial(sidecar.origin, get(`/page/${index}`), '127.0.0.2')
    await until(() => backend.waiting.length).toBe(underWay)
    await wait(quietMs)
    expect(backend.waiting).toHaveLength(underWay)
    const other = dial(sidecar.origin, get('/quick'), '127.0.0.3')
    await until(other.statuses).toEqual([200])
    expect(backend.waiting).toHaveLength(underWay)
    backend.answerAll()
    await until(() => clients.filter((client) => client.statuses()[0] === 200).length).toBe(101)
  })

  test('of clients behind a trusted proxy, each is counted by its own address, and the proxy by none', async () => {
    for (let index = 0; index < 40; index += 1)
      dial(sidecar.origin, get(`/page/${index}`, 'X-Forwarded-For: 6.6.6.6, 203.0.113.7'), '127.0.0.9')
    await until(() => backend.waiting.length).toBe(underWay)
    for (let index = 0; index < 10; index += 1) dial(sidecar.origin, get(`/other/${index}`, 'X-Forwarded-For: 203.0.113.8'), '127.0.0.9')
    await until(() => backend.waiting.length).toBe(underWay + 10)
    // What the proxy asks for itself.
    for (let index = 0; index < 20; index += 1) dial(sidecar.origin, get(`/health/${index}`), '127.0.0.9')
    await until(() => backend.waiting.length).toBe(underWay + 30)
  })

  test('who is no trusted proxy is counted by its own address, whatever it says of others', async () => {
    for (let index = 0; index < 60; index += 1)
      dial(sidecar.origin, get(`/page/${index}`, `X-Forwarded-For: 203.0.113.${index}`), '127.0.0.2')
    await until(() => backend.waiting.length).toBe(underWay)
    await wait(quietMs)
    expect(backend.waiting).toHaveLength(underWay)
  })

  test('answers that have begun are not counted: streams stay open beside each other', async () => {
    for (let index = 0; index < 60; index += 1) dial(sidecar.origin, get(`/events/${index}`), '127.0.0.2')
    await until(() => clients.filter((client) => client.text().includes('data: 1')).length).toBe(60)
  })

  test('who leaves while it waits gives its place to the next', async () => {
    const first = dial(sidecar.origin, get('/first').repeat(underWay), '127.0.0.2')
    await until(() => backend.waiting.length).toBe(underWay)
    const second = dial(sidecar.origin, get('/second').repeat(4), '127.0.0.2')
    await wait(quietMs)
    second.socket.destroy()
    dial(sidecar.origin, get('/third'), '127.0.0.2')
    await wait(quietMs)
    first.socket.destroy()
    await until(() => backend.targets.filter((target) => target === '/third').length).toBe(1)
    expect(backend.targets).not.toContain('/second')
  })

  test('one connection more than an address may have is told so and closed; another address, and a proxy, may', async () => {
    for (let index = 0; index < 200; index += 1) dial(sidecar.origin, '', '127.0.0.2')
    await wait(quietMs)
    const oneMore = dial(sidecar.origin, '', '127.0.0.2')
    await oneMore.closed
    expect(oneMore.text()).toMatch(/^HTTP\/1\.1 429 [\s\S]*Retry-After: \d+[\s\S]*"code":"rate_limited"/)
    const other = dial(sidecar.origin, get('/quick'), '127.0.0.3')
    await until(other.statuses).toEqual([200])
    for (let index = 0; index < 220; index += 1) dial(sidecar.origin, '', '127.0.0.9')
    await wait(quietMs)
    expect(clients.slice(-220).every(({ socket }) => !socket.destroyed)).toBe(true)
    clients[0]?.socket.destroy()
    await wait(quietMs)
    const again = dial(sidecar.origin, get('/quick'), '127.0.0.2')
    await until(again.statuses).toEqual([200])
  })
})

describe('bounded-per-connection: the backend as a whole', () => {
  test('more connections than it may have are never open, and each address gets its turn', async () => {
    const backend = await startPatientServer()
    const sidecar = await openSidecar({ backend: backend.origin, config: { backend: { connections: 8 }, connections: { underWay: 64 } } })
    try {
      for (let index = 0; index < 30; index += 1) dial(sidecar.origin, get(`/two/${index}`), '127.0.0.2')
      // Of eight, one address has at most half.
      await until(() => backend.waiting.length).toBe(4)
      for (const from of ['127.0.0.3', '127.0.0.4', '127.0.0.5'])
        for (let index = 0; index < 3; index += 1) dial(sidecar.origin, get(`/${from}`), from)
      await until(() => backend.waiting.length).toBe(8)
      await wait(quietMs)
      expect([backend.waiting.length, await backend.connections()]).toEqual([8, 8])
      backend.answerAll()
      await until(() => clients.filter((client) => client.statuses()[0] === 200).length).toBe(39)
      // Those of one address did not all come before the others'.
      expect(backend.targets.findIndex((target) => target === '/127.0.0.5')).toBeLessThan(20)
    } finally {
      await sidecar.close()
      await backend.close()
    }
  })

  test('with 1,024 descriptors, 2,500 requests in one piece and a thousand connections leave room for others', async () => {
    const backend = await startPatientServer()
    const sidecar = await openSidecar({ backend: backend.origin, openFiles: 1024 })
    try {
      dial(sidecar.origin, get('/page').repeat(2500), '127.0.0.2')
      for (let index = 0; index < 1000; index += 1) dial(sidecar.origin, get('/page'), '127.0.0.2')
      await until(() => backend.waiting.length).toBeGreaterThan(50)
      await wait(quietMs)
      expect(backend.waiting.length).toBeLessThanOrEqual(64)
      for (let index = 0; index < 20; index += 1) {
        const other = dial(sidecar.origin, get('/quick'), '127.0.0.3')
        await until(other.statuses).toEqual([200])
      }
      expect([sidecar.lives(), sidecar.stderr()]).toEqual([true, ''])
    } finally {
      await sidecar.close()
      await backend.close()
    }
  }, 60_000)
})

/** A house whose bounds are small. */
const boundedHouse = (gatewayOrigin: string): HouseOptions => ({
  gateway: 'freeai',
  baseURL: `${gatewayOrigin}/v1`,
  timeouts: { idle: '60s' },
  config: { connections: { underWay: 4, heldBytes: '1MiB', minRate: '20KiB/s' }, policies: { models: ['auto'] } },
  callers: { forwardAuth: { url: `${gatewayOrigin}/whose`, timeout: '2s', cache: '0s', claims: { user: 'id' } } },
})

const call = (credential: string, length: number, body = ''): string =>
  [
    'POST /ai/v1/chat/completions HTTP/1.1',
    'Host: a',
    `Authorization: Bearer ${credential}`,
    'Content-Type: application/json',
    `Content-Length: ${length}`,
    '',
    body,
  ].join('\r\n')

describe('bounded-per-connection: calls', () => {
  let gateway: PatientServer
  beforeAll(async () => {
    gateway = await startPatientServer()
  })
  beforeEach(() => gateway.reset())
  afterAll(() => gateway.close())

  forEachDoor(
    () => Promise.resolve(boundedHouse(gateway.origin)),
    (house) => {
      test('a caller that is known may have as many under way as it likes', async () => {
        const body = '{"model":"auto","messages":[]}'
        const before = gateway.waiting.length
        for (let index = 0; index < 40; index += 1) dial(house().origin, call(house().callers.acme, body.length, body))
        await until(() => gateway.waiting.length - before).toBe(40)
      })

      test('of callers whose identity is asked for, so many are asked for at once; each is asked for in its turn', async () => {
        const asked = (): number => gateway.targets.filter((target) => target === '/whose').length
        const before = asked()
        for (let index = 0; index < 12; index += 1)
          dial(house().origin, get('/ai/v1/models', `Cookie: sid=${before}-${index}`, 'Origin: http://a', 'Sec-Fetch-Site: same-origin'))
        await until(() => asked() - before).toBe(4)
        await wait(quietMs)
        expect(asked() - before).toBe(4)
        const entries = house().ledger.entries.length
        for (const { socket } of clients.splice(0)) socket.destroy()
        // Those that waited were never asked for, and each of the twelve is written down.
        await until(() => house().ledger.entries.length - entries).toBeGreaterThanOrEqual(8)
        expect(asked() - before).toBeLessThanOrEqual(12)
      })

      const form = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
      test.each([
        ['JSON', () => call(house().callers.acme, 2_000_000, '{')],
        [
          'forms whose model is a field',
          () =>
            call(house().callers.acme, 2_000_000, form)
              .replace('chat/completions', 'audio/transcriptions')
              .replace('application/json', 'multipart/form-data; boundary=x'),
        ],
      ])('bodies that stop hold so much of one address and no more: %s', async (_, begin) => {
        const part = Buffer.alloc(300_000, 0x20)
        for (let index = 0; index < 8; index += 1) dial(house().origin, begin()).socket.write(part)
        await until(() => clients.filter((client) => client.statuses()[0] === 429).length).toBe(5)
        const refused = clients.find((client) => client.statuses()[0] === 429)
        expect(refused?.text()).toMatch(/Retry-After: \d+/i)
        expect(house().runtime.connections.held.sum).toBeLessThanOrEqual(1024 ** 2)
        for (const { socket } of clients.splice(0)) socket.destroy()
        await until(() => house().runtime.connections.held.sum).toBe(0)
      })

      test('whole bodies that wait for the gateway hold as much as those that stop, until their calls are over', async () => {
        const body = `{"model":"auto","messages":[],"x":"${'x'.repeat(250_000)}"}`
        const before = gateway.waiting.length
        const refused = (): Client[] => clients.filter((client) => client.statuses()[0] === 429)
        for (let index = 0; index < 9; index += 1) dial(house().origin, call(house().callers.acme, body.length, body))
        await until(() => [refused().length, gateway.waiting.length - before]).toEqual([5, 4])
        expect(house().runtime.connections.held.sum).toBeGreaterThanOrEqual(4 * body.length)
        expect(house().runtime.connections.held.sum).toBeLessThanOrEqual(1024 ** 2)
        // Who leaves gives its bytes back, and who comes then gets them.
        clients.find((client) => client.statuses().length === 0)?.socket.destroy()
        await until(() => house().runtime.connections.held.sum).toBe(3 * body.length)
        const next = dial(house().origin, call(house().callers.acme, body.length, body))
        await until(() => gateway.waiting.length - before).toBe(4)
        gateway.answerAll()
        await until(next.statuses).toEqual([200])
        await until(() => house().runtime.connections.held.sum).toBe(0)
      })
    },
  )
})

describe('bounded-per-connection: answers that wait', () => {
  const text = 'x'.repeat(90_000)
  const slow: ServerResponse[] = []
  const gateway = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const kind = /"model":"(\w+)"/.exec(body)?.[1]
      if (kind === 'slow') slow.push(response)
      else if (kind === 'events') response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: {"choices":[],"x":"${text}`)
      else response.writeHead(200, { 'content-type': 'application/json' }).end(`{"id":"x","choices":[],"x":"${text}"}`)
    })
  })
  let origin: string
  beforeAll(async () => {
    origin = await listenAnywhere(gateway)
  })
  afterAll(() => {
    gateway.closeAllConnections()
    gateway.close()
  })

  forEachDoor(
    () => Promise.resolve({ baseURL: `${origin}/v1`, settings: { dialect: 'openai' }, config: { connections: { heldBytes: '1MiB' } } }),
    (house) => {
      const call = (model: string): string => {
        const body = `{"model":"${model}","messages":[],"stream":${model === 'events'}}`
        const lines = ['POST /ai/v1/chat/completions HTTP/1.1', 'Host: a', `Authorization: Bearer ${house().callers.acme}`]
        return [...lines, 'Content-Type: application/json', `Content-Length: ${body.length}`, '', body].join('\r\n')
      }
      const held = (): number => house().runtime.connections.held.sum

      test('for an earlier one of their connection hold so much of one address, and what is too much is refused', async () => {
        const entries = house().ledger.entries.length
        const ended = (): number => house().ledger.entries.length - entries
        const crowd = [1, 2].map(() => dial(house().origin, call('slow') + call('large').repeat(20)))
        await until(ended).toBe(40)
        expect(held()).toBeGreaterThan(8 * text.length)
        expect(held()).toBeLessThanOrEqual(1024 ** 2)
        for (const response of slow.splice(0)) response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[]}')
        await until(() => crowd.flatMap((client) => client.statuses()).length).toBe(42)
        const statuses = crowd.flatMap((client) => client.statuses())
        expect(new Set(statuses)).toEqual(new Set([200, 429]))
        expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(2 + 8)
        await until(held).toBe(0)
      }, 30_000)

      test('and are let go with their connection', async () => {
        const entries = house().ledger.entries.length
        const client = dial(house().origin, call('slow') + call('large').repeat(5))
        await until(() => house().ledger.entries.length - entries).toBe(5)
        expect(held()).toBeGreaterThan(5 * text.length)
        client.socket.destroy()
        await until(held).toBe(0)
        slow.splice(0)
      })

      test('for the end of an event count as well', async () => {
        for (let index = 0; index < 15; index += 1) dial(house().origin, call('events'))
        await until(() => clients.filter((client) => client.statuses()[0] === 429).length).toBeGreaterThan(2)
        expect(held()).toBeLessThanOrEqual(1024 ** 2)
        for (const { socket } of clients.splice(0)) socket.destroy()
        await until(held).toBe(0)
      })
    },
  )
})

const head = (target: string, ...lines: readonly string[]): string =>
  `${[`PUT ${target} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`

const answerEarly = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.url?.startsWith('/early') === true) response.writeHead(413, { 'content-length': '5' }).end('large')
  else if (request.url === '/talk') {
    response.write('begun')
    request.on('data', (chunk: Buffer) => response.write(chunk)).on('end', () => response.end())
  } else response.end('ok')
  request.on('error', () => {})
}

/** A sidecar before a backend that answers early, from now until the tests around this are over. */
function beforeEarlyAnswers(): () => OpenSidecar {
  let backend: Server
  let sidecar: OpenSidecar
  beforeAll(async () => {
    backend = createServer(answerEarly)
    sidecar = await openSidecar({ backend: await listenAnywhere(backend), config: { connections: { minRate: '20KiB/s' } } })
  })
  afterAll(async () => {
    await sidecar.close()
    backend.closeAllConnections()
    backend.close()
  })
  return () => sidecar
}

describe('bounded-per-connection: uploads to the backend', () => {
  test.each([
    ['of a length that is said', 'Content-Length: 100000', 'part'],
    ['in chunks', 'Transfer-Encoding: chunked', '4\r\npart\r\n'],
  ])('those that still come, %s, hold up nothing else of their address', async (_, framing, part) => {
    const backend = await startPatientServer()
    const config = { connections: { underWay: 4 }, backend: { timeouts: { headers: '8s' } } }
    const sidecar = await openSidecar({ backend: backend.origin, config })
    try {
      const uploads = Array.from({ length: 20 }, () => dial(sidecar.origin, `${head('/up', framing)}${part}`))
      await until(() => backend.targets.length).toBe(20)
      const page = dial(sidecar.origin, get('/quick'))
      await until(page.statuses, 4000).toEqual([200])
      expect(uploads.flatMap((client) => client.statuses())).toEqual([])
      // Once they are there, they wait for the backend as others do.
      const sent = Array.from({ length: 4 }, () => dial(sidecar.origin, `${head('/late', 'Transfer-Encoding: chunked')}0\r\n\r\n`))
      await until(() => backend.waiting.length).toBe(24)
      const behind = dial(sidecar.origin, get('/quick-behind'))
      await wait(quietMs)
      expect([backend.targets.includes('/quick-behind'), behind.statuses()]).toEqual([false, []])
      backend.answerAll()
      await until(() => [...sent, behind].flatMap((client) => client.statuses())).toEqual([200, 200, 200, 200, 200])
    } finally {
      await sidecar.close()
      await backend.close()
    }
  })

  describe('whose answer comes first', () => {
    const sidecar = beforeEarlyAnswers()

    test.each([1, 3, 30])(
      'a client that writes all of %d MB before it reads gets it, and the next on its connection',
      async (megabytes) => {
        const size = megabytes * 1_000_000
        const client = dial(sidecar().origin)
        client.socket.pause()
        client.socket.write(head('/early', `Content-Length: ${size}`))
        await new Promise<unknown>((done) => client.socket.write(Buffer.alloc(size, 97), done))
        client.socket.write(get('/next'))
        client.socket.resume()
        await until(client.statuses).toEqual([413, 200])
      },
      30_000,
    )
  })
})

describe('bounded-per-connection: requests that are answered at once', () => {
  /** How many answers are written in a turn at most: those of the piece and of what comes behind it, and the first. */
  const mostInTurn = 33
  const many = 900
  let house: House
  let server: Server
  let origin: string
  let turn = 0
  let ticking: NodeJS.Immediate
  const answeredIn = new Map<number, number>()
  const delays: number[] = []
  beforeAll(async () => {
    house = await openHouse()
    let came = 0
    const door = createNodeDoor(house.runtime, (_, response) => {
      delays.push(turn - came)
      response.end('{}')
    })
    server = createServer((request, response) => {
      came = turn
      response.on('prefinish', () => answeredIn.set(turn, (answeredIn.get(turn) ?? 0) + 1))
      door(request, response)
    })
    origin = await listenAnywhere(server)
    const tick = (): void => {
      turn += 1
      ticking = setImmediate(tick)
    }
    tick()
  })
  afterAll(async () => {
    clearImmediate(ticking)
    server.closeAllConnections()
    server.close()
    await house.close()
  })
  beforeEach(() => {
    answeredIn.clear()
    delays.length = 0
  })

  test.each([
    ['calls without a credential', 'GET /ai/v1/models HTTP/1.1\r\nHost: x\r\n\r\n', 401],
    ['calls with a wrong one', 'GET /ai/v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\n\r\n', 401],
    ['preflights', 'OPTIONS /ai/v1/models HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\nAccess-Control-Request-Method: GET\r\n\r\n', 403],
    ['requests beside the API', 'GET /keys.json HTTP/1.1\r\nHost: x\r\n\r\n', 200],
  ])('%s are worked off a few in a turn', async (_, request, status) => {
    const client = dial(origin, request.repeat(many))
    await expect.poll(() => client.statuses().length, { timeout: 20_000 }).toBe(many)
    // Who tries wrong credentials for long is told to wait.
    expect(client.statuses().filter((each) => each !== 429)).toContain(status)
    expect(Math.max(...answeredIn.values())).toBeLessThanOrEqual(mostInTurn)
    client.socket.destroy()
  })

  test('one request after the other is answered in the turn in which it comes', async () => {
    const client = dial(origin)
    for (let count = 1; count <= 20; count += 1) {
      client.socket.write('GET /keys.json HTTP/1.1\r\nHost: x\r\n\r\n')
      await expect.poll(() => client.statuses().length, { interval: 5 }).toBe(count)
    }
    expect(delays).toEqual(Array.from({ length: 20 }, () => 0))
    client.socket.destroy()
  })
})

// Each has what it measures to itself, and waits for what takes its time.
describe.concurrent('bounded-per-connection: what may last', () => {
  describe('of calls', () => {
    let gateway: PatientServer
    beforeAll(async () => {
      gateway = await startPatientServer()
    })
    afterAll(() => gateway.close())

    forEachDoor(
      () => Promise.resolve(boundedHouse(gateway.origin)),
      (house) => {
        test('a body that stops, or only trickles, is 408 and the end of its connection; one that comes steadily is taken', async ({
          expect: own,
        }) => {
          const entries = house().ledger.entries.length
          const stopped = dialAlone(house().origin, call(house().callers.acme, 50_000, '{"model":'))
          const trickling = dialAlone(house().origin, call(house().callers.acme, 50_000, '{"model":'))
          const drip = setInterval(() => trickling.socket.write(' '), 50)
          const body = `{"model":"auto","messages":[],"x":"${'x'.repeat(900_000)}"}`
          const steady = dialAlone(house().origin, call(house().callers.globex, body.length))
          let sent = 0
          const feed = setInterval(() => {
            steady.socket.write(body.slice(sent, sent + 6000))
            sent += 6000
            if (sent >= body.length) clearInterval(feed)
          }, 100)
          await Promise.all([stopped.closed, trickling.closed])
          clearInterval(drip)
          for (const client of [stopped, trickling]) expect(client.text()).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/)
          expect(
            house()
              .ledger.entries.slice(entries)
              .filter((entry) => entry.code === 'request_timeout'),
          ).toHaveLength(2)
          await until(() => sent >= body.length, 30_000, own).toBe(true)
          gateway.answerAll()
          await until(steady.statuses, usualMs, own).toEqual([200])
        }, 60_000)
      },
    )
  })

  test('one that stops is 408; one that the backend does not read may wait', async ({ expect: own }) => {
    const backend = createServer((request, response) => {
      // It reads nothing for longer than a body may stop.
      if (request.url === '/busy') setTimeout(() => request.resume().on('end', () => response.end('late')), 14_000)
      else request.resume().on('end', () => response.end('ok'))
      request.on('error', () => {})
    })
    const origin = await listenAnywhere(backend)
    const sidecar = await openSidecar({ backend: origin, config: { connections: { minRate: '20KiB/s' } } })
    try {
      const stopped = [
        dialAlone(sidecar.origin, `${head('/up', 'Content-Length: 900000')}part`),
        dialAlone(sidecar.origin, `${head('/up', 'Content-Length: 900')}part`),
        dialAlone(sidecar.origin, `${head('/up', 'Transfer-Encoding: chunked')}4\r\npart\r\n`),
      ]
      const busy = dialAlone(
        sidecar.origin,
        Buffer.concat([Buffer.from(head('/busy', 'Content-Length: 6000000')), Buffer.alloc(6_000_000)]),
      )
      await Promise.all(stopped.map(({ closed }) => closed))
      for (const client of stopped) expect(client.text()).toMatch(/^HTTP\/1\.1 408 /)
      await until(busy.statuses, 30_000, own).toEqual([200])
      expect([sidecar.lives(), sidecar.stderr()]).toEqual([true, ''])
    } finally {
      await sidecar.close()
      backend.closeAllConnections()
      backend.close()
    }
  }, 60_000)

  test('a page behind a long line of others is answered in its turn, however long those before it took', async ({ expect: own }) => {
    const backend = createServer((request, response) => void setTimeout(() => response.end('ok'), request.url === '/poll' ? 1500 : 0))
    const origin = await listenAnywhere(backend)
    const config = { connections: { underWay: 2 }, backend: { timeouts: { headers: '2s' } } }
    const sidecar = await openSidecar({ backend: origin, config })
    try {
      const polls = Array.from({ length: 12 }, () => dialAlone(sidecar.origin, get('/poll')))
      await wait(quietMs)
      const page = dialAlone(sidecar.origin, get('/page'))
      await until(page.statuses, 20_000, own).toEqual([200])
      await until(() => polls.flatMap((client) => client.statuses()), usualMs, own).toEqual(polls.map(() => 200))
    } finally {
      await sidecar.close()
      backend.closeAllConnections()
      backend.close()
    }
  }, 30_000)

  describe('of uploads whose answer comes first', () => {
    const sidecar = beforeEarlyAnswers()

    test('a client that sends nothing more of its body is let go', async () => {
      const client = dialAlone(sidecar().origin, `${head('/early', 'Content-Length: 900000')}part`)
      await client.closed
      expect(client.text()).toMatch(/^HTTP\/1\.1 413 [\s\S]*large$/)
    }, 20_000)

    test('what is said during an answer may come as slowly as it likes', async ({ expect: own }) => {
      const client = dialAlone(sidecar().origin, `${head('/talk', 'Transfer-Encoding: chunked')}1\r\n.\r\n`)
      await until(client.text, usualMs, own).toContain('begun')
      for (let second = 0; second < 14; second += 1) {
        client.socket.write('2\r\nhi\r\n')
        await wait(1000)
      }
      client.socket.write('0\r\n\r\n')
      await until(client.text, usualMs, own).toMatch(/\r\n0\r\n\r\n$/)
      expect(client.text().match(/hi/g)).toHaveLength(14)
    }, 30_000)
  })
})
