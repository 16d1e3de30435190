import { createServer as createHttpServer, request as requestHttp, type Server } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { PosternEvent } from '@postern/ports'
import { createTrust } from '@postern/config'
import { createBackend, OfferingMessage } from '@postern/instance'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { doorNames, listenAnywhere, openHouse } from '../support/house.js'
import { type LenientUpstream, readLeniently, startLenientUpstream, valuesOf } from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { rawConnection } from '../support/raw-connection.js'
import { type Script, startScriptedUpstream } from '../support/scripted-upstream.js'

const webSocket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA']
const ask = (line: string, lines: readonly string[] = [], body = ''): string =>
  `${[line, 'Host: app.example.com', ...lines, ...(body === '' ? [] : [`Content-Length: ${body.length}`])].join('\r\n')}\r\n\r\n${body}`

/** Sends pieces one after the other, each long enough after the last to be read by itself, and waits for the end or for silence. */
async function inPieces(origin: string, pieces: readonly string[]): Promise<{ readonly text: string; readonly closed: boolean }> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname).setNoDelay(true)
  let text = ''
  let closed = false
  const isClosed = (): boolean => closed
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('end', () => {
    closed = true
  })
  for (const piece of pieces) {
    if (!socket.destroyed) socket.write(piece)
    await wait(100)
  }
  for (let waited = 0; waited < 300 && !isClosed(); waited += 20) await wait(20)
  socket.destroy()
  return { text, closed }
}

const seenBy = (upstream: Pick<LenientUpstream, 'take'>) => upstream.take().flatMap((bytes) => readLeniently(bytes).chunks)

/** The body of an answer to an offer of WebSocket, as a strict client reads it. */
function fetchUpgrade(origin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(webSocket.map((line) => line.split(': ') as [string, string]))
    const client = requestHttp(`${origin}/chat`, { headers, agent: false })
    client.on('error', reject)
    client.on('response', (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('error', reject)
      answer.on('end', () => resolve(text))
    })
    client.end()
  })
}

describe('change-of-protocol', () => {
  describe('in the process', () => {
    let backend: LenientUpstream
    let gateway: LenientUpstream
    let sidecar: OpenSidecar
    let call: readonly string[]
    beforeAll(async () => {
      backend = await startLenientUpstream()
      gateway = await startLenientUpstream()
      sidecar = await openSidecar({ backend: backend.origin, gateway: `${gateway.origin}/v1` })
      call = [`Authorization: Bearer ${sidecar.credential}`, 'Content-Type: application/json']
    })
    afterAll(async () => {
      await sidecar.close()
      await backend.close()
      await gateway.close()
    })
    beforeEach(() => {
      backend.take()
      gateway.take()
    })

    test.each(['GET', 'POST', 'HEAD', 'DELETE'])(
      'an offer of h2c that comes with %s is ignored, and its request served',
      async (method) => {
        const body = method === 'POST' ? 'name=Ada' : ''
        const { statuses, text, closed } = await rawConnection(sidecar.origin, ask(`${method} /page HTTP/1.1`, h2c, body))
        expect([statuses, closed]).toEqual([[200], false])
        expect(text).not.toMatch(/^Connection: close/m)
        const [seen] = seenBy(backend)
        expect([seen?.method, seen?.target, seen?.body]).toEqual([method, '/page', body])
        expect(['upgrade', 'http2-settings'].flatMap((name) => valuesOf(seen as NonNullable<typeof seen>, name))).toEqual([])
      },
    )

    test('an offer of h2c that comes with a call is ignored, and the call made', async () => {
      const { statuses } = await rawConnection(
        sidecar.origin,
        ask('POST /ai/v1/chat/completions HTTP/1.1', [...call, ...h2c], '{"model":"auto"}'),
      )
      expect(statuses).toEqual([200])
      expect(seenBy(gateway).map(({ target, body }) => [target, body])).toEqual([['/v1/chat/completions', '{"model":"auto"}']])
    })

    test.each([
      ['with POST', ask('POST /chat HTTP/1.1', webSocket, 'x')],
      ['with a body', ask('GET /chat HTTP/1.1', webSocket, 'GET /hidden HTTP/1.1\r\n\r\n')],
      ['in HTTP/1.0', ask('GET /chat HTTP/1.0', webSocket)],
    ])('an offer to speak WebSocket %s is ignored', async (_, text) => {
      expect((await rawConnection(sidecar.origin, text)).statuses).toEqual([200])
      const seen = seenBy(backend)
      expect(seen.map(({ target }) => target)).toEqual(['/chat'])
      expect(seen.flatMap((request) => valuesOf(request, 'upgrade'))).toEqual([])
    })

    test('of several protocols that are offered, the backend is offered WebSocket alone', async () => {
      await rawConnection(sidecar.origin, ask('GET /chat HTTP/1.1', ['Connection: Upgrade', 'Upgrade: h2c, WebSocket']))
      expect(seenBy(backend).map((request) => valuesOf(request, 'upgrade'))).toEqual([['websocket']])
    })

    test.each([
      ['a WebSocket', ask('GET /ai/v1/realtime HTTP/1.1', webSocket), 400],
      ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n', 405],
    ])('who asks for %s of us does not overtake an answer', async (_, text, status) => {
      const { statuses } = await rawConnection(sidecar.origin, ask('GET /first HTTP/1.1') + text)
      expect(statuses[0]).toBe(200)
      expect(statuses.slice(1)).toEqual([status === 400 ? 401 : status])
    })

    test.each([
      ['a WebSocket of the API', ask('GET /ai/v1/realtime HTTP/1.1', webSocket)],
      ['a WebSocket of the backend', ask('GET /chat HTTP/1.1', webSocket)],
      ['a WebSocket with a credential', ask('GET /chat HTTP/1.1', [...webSocket, 'Authorization: Bearer x'])],
      ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
      ['a tunnel behind another request', `${ask('GET /first HTTP/1.1')}CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n`],
    ])('who asks for %s and resets the connection ends nothing but that', async (_, text) => {
      const { hostname, port } = new URL(sidecar.origin)
      for (let count = 0; count < 20; count += 1) {
        const socket = connect(Number(port), hostname, () => {
          socket.write(text)
          setTimeout(() => socket.resetAndDestroy(), count % 4)
        })
        socket.on('error', () => {})
        await new Promise((closed) => socket.once('close', closed))
      }
      expect((await rawConnection(sidecar.origin, ask('GET /still HTTP/1.1'))).statuses).toEqual([200])
    })

    const next = 'POST /two HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 60\r\n\r\n'
    const inItsBody = `${ask('GET /in-body HTTP/1.1')}${' '.repeat(12)}`
    const chunked = (line: string, body: string): string =>
      ask(line, [...h2c, 'Transfer-Encoding: chunked']) + `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

    test.each([
      ['h2c', ask('GET /one HTTP/1.1', h2c)],
      ['h2c of the API', ask('GET /ai/v1/models HTTP/1.1', h2c)],
      ['h2c with a length of none', ask('GET /one HTTP/1.1', [...h2c, 'Content-Length: 0'])],
      ['a WebSocket with a length in zeros', ask('GET /one HTTP/1.1', [...webSocket, 'Content-Length: 00'])],
      ['a WebSocket with POST', ask('POST /one HTTP/1.1', webSocket)],
      ['a WebSocket with a body', ask('POST /one HTTP/1.1', webSocket, 'name=Ada')],
      ['h2c with a body', ask('POST /one HTTP/1.1', h2c, 'name=Ada')],
      ['h2c with a body in chunks', chunked('POST /one HTTP/1.1', 'name=Ada')],
      ['TLS behind another request', ask('GET /zero HTTP/1.1') + ask('GET /one HTTP/1.1', ['Connection: upgrade', 'Upgrade: TLS/1.0'])],
      ['h2c and expects the impossible', ask('GET /one HTTP/1.1', [...h2c, 'Expect: the-impossible'])],
      ['h2c behind lines too many', ask('GET /one HTTP/1.1', [...Array.from({ length: 1100 }, () => 'a:'), ...h2c])],
      ['a WebSocket behind another request', ask('GET /zero HTTP/1.1') + ask('GET /one HTTP/1.1', webSocket)],
    ])('what stands behind an offer of %s is no other request than the one that was sent', async (_, offer) => {
      const { closed, text } = await inPieces(sidecar.origin, [offer + next, inItsBody])
      const targets = [...seenBy(backend), ...seenBy(gateway)].map(({ target }) => target)
      expect(targets).not.toContain('/in-body')
      expect([closed, text.split('HTTP/1.1 ').length - 1]).toEqual([true, offer.split(' HTTP/1.1\r\n').length - 1])
    })

    test.each([
      ['in one piece', (offer: string) => [offer]],
      ['in two, cut in its body', (offer: string) => [offer.slice(0, -3), offer.slice(-3)]],
      ['in two, cut in its head', (offer: string) => [offer.slice(0, 30), offer.slice(30)]],
    ])('a body that comes with an offer %s is passed on whole, and the connection is of further use', async (_, cut) => {
      for (const offer of [ask('POST /one HTTP/1.1', h2c, 'name=Ada'), chunked('POST /one HTTP/1.1', 'name=Ada')]) {
        const { closed } = await inPieces(sidecar.origin, [...cut(offer), ask('POST /two HTTP/1.1', [], 'name=Bob')])
        expect([closed, seenBy(backend).map(({ target, body }) => [target, body])]).toEqual([
          false,
          [
            ['/one', 'name=Ada'],
            ['/two', 'name=Bob'],
          ],
        ])
      }
    })

    test('a body that is none ends the connection where its request has an offer, too', async () => {
      const broken = ask('POST /ai/v1/models HTTP/1.1', [...call, ...h2c, 'Transfer-Encoding: chunked'])
      const { closed } = await inPieces(sidecar.origin, [`${broken}3\r\nabcdef\r\n`, inItsBody])
      expect([closed, seenBy(backend)]).toEqual([true, []])
    })
  })

  describe.each(doorNames)('behind the %s door', (door) => {
    test('what stands behind an ignored offer is no request, and what was asked is answered', async () => {
      const house = await openHouse({ door })
      for (const offer of [h2c, webSocket]) {
        const line = (name: string) => `GET ${name} HTTP/1.1`
        const { closed, text } = await inPieces(house.origin, [
          ask(line('/ai/v1/models'), offer) + ask('POST /ai/v1/two HTTP/1.1', ['Content-Length: 70']),
          ask(line('/ai/v1/in-body'), offer),
        ])
        expect([closed, text.split('HTTP/1.1 ').length - 1]).toEqual([true, 1])
      }
      expect(house.ledger.entries.map(({ path }) => path)).toEqual(['/v1/models', '/v1/models'])
      await house.close()
    })
  })

  describe('to a backend', () => {
    let backend: Pick<LenientUpstream, 'origin' | 'close' | 'take'>
    let server: Server
    let origin: string
    const logged: string[] = []
    const open = async (answer: string | Script): Promise<void> => {
      backend =
        typeof answer === 'string'
          ? await startLenientUpstream(() => answer)
          : { ...(await startScriptedUpstream(() => answer)), take: () => [] }
      logged.length = 0
      const witness = ({ type }: PosternEvent): void => void (type === 'backend_lost' && logged.push(type))
      const passing = createBackend({ url: backend.origin, isTrusted: createTrust([]), headersMs: 300, witness })
      server = createHttpServer({ IncomingMessage: OfferingMessage }, (request, response) => passing.pass(request, response))
      server.on('upgrade', (request, socket, head) => passing.upgrade(request, socket, head))
      server.on('close', () => passing.close())
      origin = await listenAnywhere(server)
    }
    afterEach(async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await backend.close()
    })

    test('that does not answer, it is 504 in time', async () => {
      await open('')
      const { text, statuses } = await rawConnection(origin, ask('GET /chat HTTP/1.1', webSocket))
      expect([statuses, text]).toEqual([[504], expect.stringContaining('"code":"backend_timeout"')])
    })

    test('that does not answer, clients that leave write no outage', async () => {
      await open('')
      for (let index = 0; index < 8; index += 1) {
        const socket = connect(Number(new URL(origin).port), '127.0.0.1')
        socket.on('error', () => {})
        socket.write(ask('GET /chat HTTP/1.1', webSocket))
        await wait(50)
        if (index % 2 === 0) socket.end()
        else socket.resetAndDestroy()
      }
      await wait(500)
      expect(logged).toEqual([])
      for (let index = 0; index < 3; index += 1) await rawConnection(origin, ask('GET /chat HTTP/1.1', webSocket))
      expect(logged).toEqual(['backend_lost'])
    })

    const refusing = (lines: string, rest: string, last: (socket: Parameters<Script>[0]) => void): Script => {
      return (socket) => void socket.write(`HTTP/1.1 403 No\r\n${lines}\r\n${rest}`, () => setTimeout(last, 30, socket))
    }
    test.each([
      ['in chunks, by its end', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n', 'end'],
      ['in chunks, by a reset', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n', 'resetAndDestroy'],
      ['within a chunk', 'Transfer-Encoding: Chunked\r\n', '9\r\nhello', 'end'],
      ['without a length, by a reset', '', 'hello', 'resetAndDestroy'],
    ] as const)('that refuses, an answer that breaks off %s looks broken', async (_, lines, rest, last) => {
      await open(refusing(lines, rest, (socket) => void socket[last]()))
      await expect(fetchUpgrade(origin)).rejects.toThrow(/aborted|reset/)
    })

    test.each([
      ['in chunks', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world'],
      ['of a length', 'Content-Length: 5\r\n', 'hello', 'hello'],
      ['up to its end', '', 'hello', 'hello'],
      ['of no chunk', 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n', ''],
    ])('that refuses, an answer %s is passed whole', async (_, lines, rest, body) => {
      await open(refusing(lines, rest, (socket) => void socket.end()))
      expect(await fetchUpgrade(origin)).toBe(body)
    })

    test.each([
      ['to another than was offered', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'],
      ['to none', ''],
    ])('that changes %s, it is 502', async (_, lines) => {
      await open(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`)
      const { text, statuses, closed } = await rawConnection(origin, ask('GET /chat HTTP/1.1', webSocket))
      expect([statuses, closed, text]).toEqual([[502], true, expect.stringContaining('"code":"backend_failed"')])
    })

    test.each(['101 Switching', '403 Forbidden'])('that says %s, every byte of the head is as it was', async (status) => {
      await open(
        `HTTP/1.1 ${status} d\xe9j\xe0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Name: Zo\xeb\r\nContent-Length: 0\r\n\r\n`,
      )
      const { text } = await rawConnection(origin, ask('GET /chat HTTP/1.1', webSocket))
      expect(text).toContain(`HTTP/1.1 ${status} d\xe9j\xe0\r\n`)
      expect(text).toContain('\r\nX-Name: Zo\xeb\r\n')
    })

    test('a WebSocket that is asked for behind another request does not overtake its answer', async () => {
      await open('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      const { statuses } = await rawConnection(origin, ask('GET /first HTTP/1.1') + ask('GET /chat HTTP/1.1', webSocket))
      expect(statuses).toEqual([200, 200])
      const seen = seenBy(backend)
      expect(seen.flatMap((request) => valuesOf(request, 'upgrade'))).toEqual([])
    })
  })
})
