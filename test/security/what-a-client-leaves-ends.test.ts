import { channel } from 'node:diagnostics_channel'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTrust } from '@postern/config'
import { createBackend, createNodeDoor, guardServer, OfferingMessage } from '@postern/instance'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { watchBody } from '../../packages/core/src/read/watch-body.js'
import { type House, listenAnywhere, openHouse } from '../support/house.js'

/*
 * Every exchange ends with its client's connection: nothing is left open at the backend or the gateway, nothing waits in
 * a line, nothing is counted, no timer runs on.
 */

/** A server that reads and says so much of an answer as the path asks for, and counts what is open. */
interface Counting {
  readonly origin: string
  readonly open: Set<Socket>
  readonly heads: string[]
  close(): Promise<void>
}

const parts: readonly (readonly [path: string, says: string])[] = [
  ['silent', ''],
  ['half-a-head', 'HTTP/1.1 200 OK\r\nContent-'],
  ['interim', 'HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n'],
  ['a-head', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'],
  ['a-part', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ['an-event', 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {"choices":[]}\n\n'],
  ['a-switch', 'HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['quick', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'],
]

async function startCounting(): Promise<Counting> {
  const open = new Set<Socket>()
  const heads: string[] = []
  const server: Server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    let bytes = ''
    let headed = false
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.toString('latin1')
      if (headed || !bytes.includes('\r\n\r\n')) return
      headed = true
      const head = bytes.slice(0, bytes.indexOf('\r\n\r\n'))
      heads.push(head)
      socket.write(parts.find(([path]) => head.includes(path))?.[1] ?? '')
    })
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    open,
    heads,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

/** A house and a door with a backend behind them, which the tests of one group have to themselves: groups run beside each other. */
interface Lane {
  readonly upstream: Counting
  readonly house: House
  readonly server: HttpServer
  readonly origin: string
}

/** Connections that anything in this process has opened and that are not closed. */
const dialled = new Set<Socket>()
const dialling = channel('net.client.socket')
const onDial = (message: unknown): void => {
  const { socket } = message as { socket: Socket }
  dialled.add(socket)
  socket.once('close', () => dialled.delete(socket))
}

/** Connections of this process, at either end. */
const handles = (): number => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length
let usualHandles: number
beforeAll(() => {
  usualHandles = handles()
  dialling.subscribe(onDial)
})
afterAll(() => {
  dialling.unsubscribe(onDial)
})

function openLane(): () => Lane {
  let lane: Lane
  beforeAll(async () => {
    const upstream = await startCounting()
    const house = await openHouse({
      baseURL: `${upstream.origin}/v1`,
      config: { connections: { underWay: 6 } },
      callers: { forwardAuth: { url: `${upstream.origin}/silent`, timeout: '1s', cache: '0s', claims: { user: 'id' } } },
    })
    const isTrusted = createTrust([])
    const backend = createBackend({ url: upstream.origin, isTrusted, connections: house.runtime.connections, headersMs: 600_000 })
    const door = createNodeDoor(house.runtime, (request, response) => backend.pass(request, response))
    const server = guardServer(createHttpServer({ IncomingMessage: OfferingMessage, requireHostHeader: false }, door), house.runtime)
    server.on('upgrade', (request, socket, head) => backend.upgrade(request, socket, head))
    lane = { upstream, house, server, origin: await listenAnywhere(server) }
    await leave(lane, 'GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 100, 'end')
  })
  afterAll(async () => {
    lane.server.closeAllConnections()
    lane.server.close()
    await lane.house.close()
    await lane.upstream.close()
  })
  return () => lane
}

const ways = ['end', 'reset', 'destroy'] as const

/** Sends bytes, and leaves a moment later. */
async function leave({ origin }: Pick<Lane, 'origin'>, bytes: string, afterMs: number, way: (typeof ways)[number]): Promise<void> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.on('data', () => {})
  const closed = new Promise((done) => socket.once('close', done))
  await new Promise((done) => socket.once('connect', done))
  socket.write(Buffer.from(bytes, 'latin1'))
  await wait(afterMs)
  if (way === 'end') socket.end()
  else if (way === 'reset') socket.resetAndDestroy()
  else socket.destroy()
  // Whoever ends without a word more waits for the other side, which ends as well.
  await Promise.race([closed, wait(15_000)])
  expect(socket.destroyed).toBe(true)
}

/** Nothing is left of it in a line or a count. */
async function expectNothingCounted({ house }: Lane): Promise<void> {
  const { connections, underWay } = house.runtime
  await vi.waitFor(() => expect(connections.toBackend.open + connections.identifying.open).toBe(0), { timeout: 20_000, interval: 20 })
  expect([connections.toBackend.waiting, connections.identifying.waiting, connections.held.sum]).toEqual([0, 0, 0])
  await underWay.none()
}

/** Nor is anything open, at either end; a connection on which nothing was asked is kept for some seconds. */
async function expectNothingLeft(lane: Lane): Promise<void> {
  await expectNothingCounted(lane)
  const { upstream, server, origin } = lane
  const ports = [upstream.origin, origin].map((each) => Number(new URL(each).port))
  const accepted = (): Promise<number> => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  await vi.waitFor(
    async () => {
      const fromHere = [...dialled].filter(({ remotePort }) => remotePort !== undefined && ports.includes(remotePort))
      expect([upstream.open.size, await accepted(), fromHere.length]).toEqual([0, 0, 0])
    },
    { timeout: 10_000, interval: 50 },
  )
}

const host = 'Host: a\r\n'
const webSocket = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n'
const roads: readonly (readonly [road: string, write: (path: string) => string])[] = [
  ['a page', (path) => `GET /${path} HTTP/1.1\r\n${host}\r\n`],
  ['a form', (path) => `POST /${path} HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\na=b`],
  ['a form whose body does not end', (path) => `POST /${path} HTTP/1.1\r\n${host}Content-Length: 30\r\n\r\na=b`],
  ['an upload', (path) => `PUT /${path} HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n`],
  ['an upload that does not end', (path) => `PUT /${path} HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n`],
  ['a WebSocket', (path) => `GET /${path} HTTP/1.1\r\n${host}${webSocket}\r\n`],
  ['a WebSocket that begins too early', (path) => `GET /${path} HTTP/1.1\r\n${host}${webSocket}\r\n\x81\x01a`],
]

describe.concurrent.each(roads)('what-a-client-leaves-ends: %s', (_, write) => {
  const lane = openLane()

  test.sequential.each(parts)(
    'whose backend is at %s',
    async (path) => {
      for (const way of ways) for (const afterMs of [0, 5, 60]) await leave(lane(), write(path), afterMs, way)
      await expectNothingCounted(lane())
    },
    60_000,
  )

  test.sequential('behind one that is not answered, on the same connection', async () => {
    for (const way of ways) {
      await leave(lane(), `GET /silent HTTP/1.1\r\n${host}\r\n`.repeat(3) + write('silent'), 60, way)
      await leave(lane(), `GET /an-event HTTP/1.1\r\n${host}\r\n`.repeat(3) + write('a-part'), 60, way)
    }
    await expectNothingCounted(lane())
  }, 60_000)

  test.sequential('before a tunnel that is refused, on the same connection', async () => {
    for (const way of ways)
      for (const afterMs of [0, 5, 60]) await leave(lane(), `${write('silent')}CONNECT b:1 HTTP/1.1\r\n${host}\r\n`, afterMs, way)
    await expectNothingCounted(lane())
  }, 60_000)

  test.sequential('and nothing is open after all of these', () => expectNothingLeft(lane()), 60_000)

  test.sequential('while it waits for its turn behind others of its address', async () => {
    const { hostname, port } = new URL(lane().origin)
    const first = connect(Number(port), hostname).on('error', () => {})
    first.write(`GET /silent HTTP/1.1\r\n${host}\r\n`.repeat(6))
    await vi.waitFor(() => expect(lane().upstream.open.size).toBe(6), { timeout: 15_000, interval: 20 })
    for (const way of ways) await leave(lane(), write('silent'), 40, way)
    await vi.waitFor(() => expect(lane().house.runtime.connections.toBackend.waiting).toBe(0), { timeout: 15_000, interval: 20 })
    expect(lane().upstream.open.size).toBe(6)
    first.destroy()
    await expectNothingLeft(lane())
  }, 30_000)
})

describe.concurrent('what-a-client-leaves-ends: an upload that the backend does not read', () => {
  const lane = openLane()
  const upload = (bytes: number): string => `PUT /unread HTTP/1.1\r\n${host}Content-Length: ${bytes}\r\n\r\n${'a'.repeat(bytes)}`
  let unread: Server
  let listening: string
  let passing: HttpServer
  let through: string
  const openHere = new Set<Socket>()
  beforeAll(async () => {
    unread = createServer({ pauseOnConnect: true }, (socket) => {
      openHere.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => openHere.delete(socket))
    })
    listening = await listenAnywhere(unread)
    const backend = createBackend({
      url: listening,
      isTrusted: createTrust([]),
      connections: lane().house.runtime.connections,
      headersMs: 3000,
    })
    const door = createNodeDoor(lane().house.runtime, (request, response) => backend.pass(request, response))
    passing = guardServer(createHttpServer({ IncomingMessage: OfferingMessage, requireHostHeader: false }, door), lane().house.runtime)
    through = await listenAnywhere(passing)
  })
  afterAll(() => {
    for (const socket of openHere) socket.destroy()
    passing.closeAllConnections()
    passing.close()
    unread.close()
  })

  test.sequential('is over soon after its client has left, while it waits for its turn behind others', async () => {
    const { hostname, port } = new URL(lane().origin)
    const first = connect(Number(port), hostname).on('error', () => {})
    first.write(`GET /silent HTTP/1.1\r\n${host}\r\n`.repeat(6))
    await vi.waitFor(() => expect(lane().upstream.open.size).toBe(6), { timeout: 15_000, interval: 20 })
    for (const bytes of [20_000, 60_000]) {
      for (const way of ways) {
        await leave(lane(), upload(bytes), 60, way)
        await leave(lane(), upload(bytes).slice(0, -1), 60, way)
      }
    }
    await vi.waitFor(() => expect(lane().house.runtime.connections.toBackend.waiting).toBe(0), { timeout: 20_000, interval: 20 })
    first.destroy()
    await expectNothingLeft(lane())
  }, 60_000)

  const behind: readonly (readonly [what: string, bytes: string])[] = [
    ['a WebSocket', `GET /silent HTTP/1.1\r\n${host}${webSocket}\r\n`],
    ['another change of protocol', `GET /silent HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`],
    ['a tunnel', `CONNECT b:1 HTTP/1.1\r\n${host}\r\n`],
    ['rubbish', 'what is this?\r\n\r\n'],
    ['a page', `GET /silent HTTP/1.1\r\n${host}\r\n`],
  ]
  test.sequential.each(behind)(
    'is over soon after its client has left, also with %s behind it on the same connection',
    async (_, more) => {
      const { hostname, port } = new URL(lane().origin)
      const first = connect(Number(port), hostname).on('error', () => {})
      first.write(`GET /silent HTTP/1.1\r\n${host}\r\n`.repeat(6))
      await vi.waitFor(() => expect(lane().upstream.open.size).toBe(6), { timeout: 15_000, interval: 20 })
      for (const bytes of [20_000, 60_000]) for (const way of ways) await leave(lane(), upload(bytes) + more, 60, way)
      await vi.waitFor(() => expect(lane().house.runtime.connections.toBackend.waiting).toBe(0), { timeout: 20_000, interval: 20 })
      first.destroy()
      await expectNothingLeft(lane())
    },
    60_000,
  )

  test.sequential('is refused where that lasts as long as an answer may take', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(through)
      const socket = connect(Number(port), hostname)
      let text = ''
      socket.on('error', reject)
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        if (text.includes('"backend_timeout"')) {
          socket.destroy()
          resolve(text)
        }
      })
      socket.write(Buffer.from(upload(40_000_000), 'latin1'))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 504 /)
    for (const socket of openHere) socket.destroy()
    await expectNothingCounted(lane())
  }, 30_000)
})

const visited = ['silent', 'a-part', 'an-event', 'quick']
describe.concurrent.each(visited)('what-a-client-leaves-ends: many requests in one piece, of which each is at %s', (path) => {
  const lane = openLane()
  test.sequential('visit after visit', async () => {
    for (let visit = 0; visit < 5; visit += 1)
      await leave(lane(), `GET /${path} HTTP/1.1\r\n${host}\r\n`.repeat(400), 50, ways[visit % 3] ?? 'end')
    await expectNothingLeft(lane())
  }, 30_000)
})

describe.concurrent('what-a-client-leaves-ends: calls', () => {
  const lane = openLane()
  const call = (query: string, ...lines: readonly string[]): string => {
    const body = '{"model":"auto","messages":[]}'
    return [
      `POST /ai/v1/chat/completions?${query} HTTP/1.1`,
      'Host: a',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      ...lines,
      '',
      body,
    ].join('\r\n')
  }
  const bearer = (): string => `Authorization: Bearer ${lane().house.callers.acme}`

  test.sequential.each(parts)(
    'whose gateway is at %s',
    async (path) => {
      for (const way of ways) for (const afterMs of [0, 5, 60]) await leave(lane(), call(path, bearer()), afterMs, way)
      await leave(lane(), call('silent', bearer()).repeat(20) + call(path, bearer()), 60, 'end')
      await expectNothingCounted(lane())
    },
    60_000,
  )

  test.sequential('and nothing is open after all of these', () => expectNothingLeft(lane()), 60_000)

  test.sequential('while a body is sent, whole or in part', async () => {
    for (const way of ways) {
      await leave(lane(), call('silent', bearer()).slice(0, -5), 30, way)
      await leave(lane(), call('silent', bearer()).slice(0, 60), 30, way)
      await leave(lane(), `${call('silent', bearer())}${call('silent', bearer()).slice(0, -5)}`, 30, way)
    }
    await expectNothingLeft(lane())
  }, 30_000)

  test.sequential('while it is found out who calls, and in the line for that', async () => {
    const cookie = (index: number): string => call('silent', `Cookie: sid=${index}`, 'Origin: http://a', 'Sec-Fetch-Site: same-origin')
    for (const way of ways) for (let index = 0; index < 10; index += 1) void leave(lane(), cookie(index), 30, way)
    await leave(lane(), Array.from({ length: 30 }, (_, index) => cookie(100 + index)).join(''), 60, 'end')
    await expectNothingLeft(lane())
  }, 60_000)
})

test('what-a-client-leaves-ends: of all that this process opened, nothing is left', async () => {
  await expect.poll(handles, { timeout: 10_000 }).toBeLessThanOrEqual(usualHandles)
}, 30_000)

describe('what-a-client-leaves-ends: a body that nobody reads yet', () => {
  test('ends without an error that nobody hears, and whoever reads it later finds it destroyed', async () => {
    const body = new PassThrough()
    const watched = watchBody(body, 1000)
    body.write('a')
    body.destroy(new Error('The connection is gone.'))
    body.on('error', () => {})
    await new Promise((closed) => watched.on('close', closed))
    expect(watched.errored).toMatchObject({ message: 'The client left while sending its body.' })
  })
})
