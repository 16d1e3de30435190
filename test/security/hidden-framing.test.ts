import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { posternMiddleware } from '@postern/express'
import express, { type Request, type Response } from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDataListener, type Listener } from '../../sidecar/src/data-listener.js'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, listenAnywhere, openHouse } from '../support/house.js'
import { type LenientUpstream, readLeniently, startLenientUpstream } from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { rawConnection } from '../support/raw-connection.js'

/*
 * Node's parser obeys every line of a head, and hands on the first thousand. What stands behind them frames the body
 * for the parser, and for nobody who reads the head.
 */

/** Header lines as an attacker fills a head with them: short, long, all alike and all different. */
const fillings: readonly (readonly [what: string, line: (index: number) => string])[] = [
  ['empty lines of one name', () => 'a:'],
  ['names of which each stands once', (index) => `x${index}:`],
  ['a name that Node keeps once', () => 'age:1'],
  ['cookies', () => 'cookie:a'],
]

const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n'

/** What frames a body behind the lines that are handed on, and a body that is framed so. */
const framings: readonly (readonly [what: string, lines: readonly string[], body: string])[] = [
  ['a length', [`Content-Length: ${hidden.length}`], hidden],
  ['a length with zeros', [`content-length: 000${hidden.length}`], hidden],
  ['an encoding', ['Transfer-Encoding: chunked'], `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`],
  ['an encoding in odd case', ['TRANSFER-ENCODING: Chunked'], `${hidden.length.toString(16)};x=y\r\n${hidden}\r\n0\r\n\r\n`],
]

/** Around every number at which something could be cut: by us, by Node, by a batch of its parser, by the bound on bytes. */
const counts = [960, 998, 999, 1000, 1001, 1023, 1024, 1500, 2500]

const filled = (first: string, count: number, line: (index: number) => string, last: readonly string[], body: string): string =>
  `${[first, 'Host: sidecar.test', ...Array.from({ length: count }, (_, index) => line(index)), ...last].join('\r\n')}\r\n\r\n${body}`

let backend: LenientUpstream
let gateway: LenientUpstream
let sidecar: OpenSidecar
beforeAll(async () => {
  backend = await startLenientUpstream()
  gateway = await startLenientUpstream()
  sidecar = await openSidecar({ backend: backend.origin, gateway: `${gateway.origin}/v1` })
})
afterAll(async () => {
  await sidecar.close()
  await backend.close()
  await gateway.close()
})

describe('hidden-framing: in front of the backend', () => {
  describe.each(fillings)('behind %s', (_, line) => {
    test.each(framings)(
      '%s hides no request',
      async (_what, last, body) => {
        backend.take()
        for (const count of counts) {
          for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
            const { statuses } = await rawConnection(sidecar.origin, filled(`${method} /page HTTP/1.1`, count, line, last, body))
            expect([count, method, statuses]).toEqual([count, method, [431]])
          }
        }
        expect(backend.take()).toEqual([])
      },
      120_000,
    )
  })

  test.each([
    ['an offer of a WebSocket', 'GET /chat HTTP/1.1', ['Connection: Upgrade', 'Upgrade: websocket']],
    ['an expectation that nobody meets', 'POST /page HTTP/1.1', ['Expect: the-unexpected', 'Content-Length: 2']],
    ['an expectation that is met', 'POST /page HTTP/1.1', ['Expect: 100-continue', 'Content-Length: 2']],
    ['a tunnel', 'CONNECT other.test:443 HTTP/1.1', []],
    ['a preflight', 'OPTIONS /ai/v1/models HTTP/1.1', ['Origin: http://a.test', 'Access-Control-Request-Method: GET']],
    ['an offer of a WebSocket on the API', 'GET /ai/v1/realtime HTTP/1.1', ['Connection: Upgrade', 'Upgrade: websocket']],
  ])('%s with a head that was cut is refused like every other', async (_, first, lines) => {
    backend.take()
    for (const count of [1000, 1040]) {
      const before = [first, 'Host: sidecar.test', ...lines, ...Array.from({ length: count }, () => 'a:')].join('\r\n')
      const { statuses, text, closed } = await rawConnection(sidecar.origin, `${before}\r\n\r\n`)
      expect([statuses, closed]).toEqual([[431], true])
      expect(text).toMatch(/"code":"headers_too_large"/)
      expect(text).toMatch(/^X-Request-ID: \S+\r$/im)
    }
    expect(backend.take()).toEqual([])
  })

  test('a head with many lines that is whole passes whole', async () => {
    backend.take()
    const lines = Array.from({ length: 900 }, (_, index) => `x-${index}: ${index}`)
    const { statuses } = await rawConnection(
      sidecar.origin,
      filled('POST /page HTTP/1.1', 900, (index) => lines[index] as string, ['Content-Length: 2'], 'ab'),
    )
    expect(statuses).toEqual([200])
    const [request] = backend.take().flatMap((bytes) => readLeniently(bytes).chunks)
    expect(request?.body).toBe('ab')
    expect(request?.fields.filter(([name]) => /^x-\d+$/.test(name)).map(([name, value]) => `${name}: ${value}`)).toEqual(lines)
  })
})

describe('hidden-framing: in front of what the process answers itself', () => {
  const path = '/.well-known/postern/jwks.json'
  let front: OpenSidecar
  let house: House
  let listener: Listener
  let pages: string
  beforeAll(async () => {
    front = await openSidecar({ backend: backend.origin, config: { backend: { identity: {} } } })
    house = await openHouse()
    listener = await createDataListener(house.runtime, {
      pages: (app) => app.use('/page', (_request: Request, response: Response) => response.send('a page')),
    })
    pages = await listenAnywhere(listener.server)
  })
  afterAll(async () => {
    await front.close()
    listener.cut()
    listener.server.close()
    await house.close()
  })

  test.each<[what: string, lines: readonly string[], status: number]>([
    ['names no host', [], 400],
    ['names two hosts', ['Host: a', 'Host: b'], 400],
    ['names one host twice', ['Host: a', 'host: a'], 400],
    ['names what is no host', ['Host: a b%/@'], 400],
    ['has lines too many', ['Host: a', ...Array.from({ length: 970 }, () => 'a:')], 431],
    ['hides its body', ['Host: a', ...Array.from({ length: 1100 }, () => 'a:'), `Content-Length: ${hidden.length}`], 431],
    ['has a body in another encoding', ['Host: a', 'Transfer-Encoding: gzip, chunked'], 400],
  ])('a request that %s gets none', async (_, lines, status) => {
    for (const method of ['GET', 'HEAD']) {
      const ask = (target: string): string => `${[`${method} ${target} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`
      for (const [origin, target] of [
        [front.origin, path],
        [pages, '/page'],
        [pages, '/nowhere'],
      ] as const) {
        const { statuses, text } = await rawConnection(origin, ask(target))
        expect([method, target, statuses]).toEqual([method, target, [status]])
        expect(text).toMatch(/^X-Request-ID: \S+\r$/im)
      }
    }
  })

  test('every other request does', async () => {
    for (const [origin, target] of [
      [front.origin, path],
      [front.origin, `${front.origin}${path}`],
      [pages, '/page'],
    ] as const) {
      const { statuses } = await rawConnection(origin, `GET ${target} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\n\r\n`)
      expect([target, statuses]).toEqual([target, [200]])
    }
  })
})

describe('hidden-framing: what we say to a backend that drops lines', () => {
  let headers: IncomingHttpHeaders | undefined
  let server: Server
  let origin: string
  let front: OpenSidecar
  beforeAll(async () => {
    server = createServer((request, response) => {
      ;({ headers } = request)
      request.resume().on('end', () => response.end('ok'))
    })
    origin = await listenAnywhere(server)
    front = await openSidecar({ backend: origin })
  })
  afterAll(async () => {
    await front.close()
    server.closeAllConnections()
    server.close()
  })

  test.each([100, 900, 950, 957, 980, 997, 998, 999, 1000])(
    'of %d lines, it knows where the request comes from, or never sees it',
    async (count) => {
      for (const method of ['GET', 'PUT']) {
        headers = undefined
        const { statuses } = await rawConnection(
          front.origin,
          filled(`${method} / HTTP/1.1`, count, () => 'a:', [], ''),
        )
        if (headers === undefined) expect(statuses).toEqual([431])
        else expect([(headers as IncomingHttpHeaders)['x-forwarded-for'], statuses]).toEqual(['127.0.0.1', [200]])
      }
    },
  )
})

describe('hidden-framing: on the API', () => {
  forEachDoor(
    () => Promise.resolve({ baseURL: `${gateway.origin}/v1` }),
    (house) => {
      const first = 'POST /ai/v1/chat/completions HTTP/1.1'
      const caller = (): string[] => [`Authorization: Bearer ${house().callers.acme}`, 'Content-Type: application/json']

      test.each(framings)(
        '%s behind a thousand lines hides no call, and each is written down',
        async (_, last, body) => {
          gateway.take()
          const before = house().ledger.entries.length
          for (const count of counts) {
            const lines = [...caller(), ...Array.from({ length: count }, () => 'a:'), ...last]
            const { statuses, text } = await rawConnection(house().origin, `${[first, 'Host: x', ...lines].join('\r\n')}\r\n\r\n${body}`)
            expect([count, statuses]).toEqual([count, [431]])
            expect(text).toMatch(/"code":"headers_too_large"/)
          }
          expect(gateway.take()).toEqual([])
          expect(
            house()
              .ledger.entries.slice(before)
              .map(({ code }) => code),
          ).toEqual(counts.map(() => 'headers_too_large'))
        },
        60_000,
      )
    },
  )
})

describe('hidden-framing: in an application with a server of its own', () => {
  let house: House
  let server: Server
  let origin: string
  beforeAll(async () => {
    house = await openHouse({ door: 'express', baseURL: `${gateway.origin}/v1` })
    const app = express()
    app.use('/ai', posternMiddleware(house.runtime))
    server = createServer(app)
    origin = await listenAnywhere(server)
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await house.close()
  })

  test.each([
    [null, 1000],
    [32, 32],
    [50, 60],
    [64, 64],
    [100, 2000],
    [2000, 1200],
  ])('where its bound is %s lines, a head of %d is not relied on', async (bound, count) => {
    server.maxHeadersCount = bound
    gateway.take()
    const lines = [
      `Authorization: Bearer ${house.callers.acme}`,
      ...Array.from({ length: count }, () => 'a:'),
      `Content-Length: ${hidden.length}`,
    ]
    const { statuses } = await rawConnection(origin, `${['GET /ai/v1/models HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\n\r\n${hidden}`)
    expect(statuses[0]).toBe(431)
    expect(gateway.take()).toEqual([])
  })

  test('where its parser is told to be lenient, a body that is framed twice is refused', async () => {
    const lenient = createServer({ insecureHTTPParser: true }, express().use('/ai', posternMiddleware(house.runtime)))
    const where = await listenAnywhere(lenient)
    gateway.take()
    const body = '{"model":"auto","messages":[]}'
    const lines = [
      'POST /ai/v1/chat/completions HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${house.callers.acme}`,
      'Content-Type: application/json',
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
    ]
    const { statuses } = await rawConnection(where, `${lines.join('\r\n')}\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
    expect(statuses[0]).toBe(400)
    expect(gateway.take()).toEqual([])
    lenient.closeAllConnections()
    lenient.close()
  })
})
