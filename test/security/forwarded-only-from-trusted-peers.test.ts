import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import {
  type LenientRequest,
  type LenientUpstream,
  plainly,
  readLeniently,
  startLenientUpstream,
  valuesOf,
} from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { rawChat, statusOf } from '../support/raw-chat.js'
import { rawConnection } from '../support/raw-connection.js'

/** What a client would like to be believed; `6.6.6.6`, `evil` and `666` stand in nothing that is true. */
const wishes = {
  'X-Forwarded-For': '6.6.6.6',
  'X-Forwarded-Proto': 'evil+https',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Port': '666',
  Forwarded: 'for=6.6.6.6;host=evil.example;proto=https',
  'X-Real-IP': '6.6.6.6',
} as const
const names = Object.keys(wishes) as (keyof typeof wishes)[]
const wished = /6\.6\.6\.6|evil|666/

const spellings: readonly (readonly [how: string, lines: (name: string, value: string) => readonly string[]])[] = [
  ['as it is', (name, value) => [`${name}: ${value}`]],
  ['in small letters', (name, value) => [`${name.toLowerCase()}: ${value}`]],
  ['in capitals', (name, value) => [`${name.toUpperCase()}: ${value}`]],
  ['with underscores', (name, value) => [`${name.replaceAll('-', '_')}: ${value}`]],
  ['with one underscore, in odd case', (name, value) => [`${name.replace('-', '_').replace('o', 'O').replace('R', 'r')}: ${value}`]],
  ['twice', (name, value) => [`${name}: ${value}`, `${name}: ${value}, ${value}`]],
  ['twice, in two spellings', (name, value) => [`${name.replaceAll('-', '_')}: ${value}`, `${name.toLowerCase()}: ${value}`]],
  ['with several values', (name, value) => [`${name}: 127.0.0.1, ${value}, unknown`]],
  ['with nothing before the comma', (name, value) => [`${name}: , ${value}`]],
  ['named in Connection', (name, value) => [`Connection: ${name}`, `${name}: ${value}`]],
]
const cases = names.flatMap((name) => spellings.map(([how, lines]) => [name, how, lines(name, wishes[name])] as const))

let backend: LenientUpstream
let gateway: LenientUpstream
beforeAll(async () => {
  gateway = await startLenientUpstream()
  backend = await startLenientUpstream(({ fields }) =>
    valuesOf({ fields }, 'upgrade').length > 0
      ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
      : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  )
})
afterAll(async () => {
  await backend.close()
  await gateway.close()
})

const webSocket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']

/** The one request that reached the backend, asked for with these lines. */
async function seenAtBackend(origin: string, lines: readonly string[], status: number): Promise<LenientRequest> {
  backend.take()
  const { statuses } = await rawConnection(origin, `GET /echo HTTP/1.1\r\nHost: app.example.com\r\n${lines.join('\r\n')}\r\n\r\n`)
  expect(statuses).toEqual([status])
  const requests = backend.take().flatMap((bytes) => readLeniently(bytes).chunks)
  expect(requests).toHaveLength(1)
  return requests[0] as LenientRequest
}

/** Everything that is said of where the request comes from, in whatever spelling. */
function said({ fields }: LenientRequest): readonly (readonly [name: string, value: string])[] {
  return fields
    .map(([name, value]) => [plainly(name), value] as const)
    .filter(([name]) => name.startsWith('x-forwarded') || name === 'forwarded' || name === 'x-real-ip')
}

const truth = [
  ['x-forwarded-for', '127.0.0.1'],
  ['x-forwarded-proto', 'http'],
  ['x-forwarded-host', 'app.example.com'],
]

describe('forwarded-only-from-trusted-peers', () => {
  describe('from a peer that is not trusted, the backend gets what is true and nothing else', () => {
    let sidecar: OpenSidecar
    beforeAll(async () => {
      // The one that is trusted is not the one that calls.
      sidecar = await openSidecar({ backend: backend.origin, trustedProxies: ['10.0.0.0/8', '127.0.0.2'] })
    })
    afterAll(() => sidecar.close())

    test.each(cases)('%s, %s', async (_name, _how, lines) => {
      const seen = await seenAtBackend(sidecar.origin, lines, 200)
      expect(said(seen)).toEqual(truth)
      expect(JSON.stringify(seen.fields)).not.toMatch(wished)
    })

    test.each(cases)('%s, %s, on a connection that becomes a WebSocket', async (_name, _how, lines) => {
      const seen = await seenAtBackend(sidecar.origin, [...webSocket, ...lines], 101)
      expect(said(seen)).toEqual(truth)
      expect(JSON.stringify(seen.fields)).not.toMatch(wished)
    })

    test.each([
      'X-Forwarded-Prefix: /evil',
      'X-Forwarded-Uri: /evil',
      'X-Forwarded-Method: evil',
      'X-Forwarded-Server: evil.example',
      'X-Forwarded-Scheme: evil',
      'X-Forwarded-Ssl: evil',
      'X-Forwarded-User: evil',
      'X-Forwarded-Client-Cert: evil',
      'X_Forwarded_Prefix: /evil',
      'X-Forwarded: for=6.6.6.6',
    ])('the rest of the family is nobody’s word either: %s', async (line) => {
      const seen = await seenAtBackend(sidecar.origin, [line], 200)
      expect(said(seen)).toEqual(truth)
      expect(JSON.stringify(seen.fields)).not.toMatch(wished)
    })

    test.each([
      ['a second host', 'GET /echo', ['Host: evil.example']],
      ['a host that Connection names', 'GET /echo', ['Connection: host']],
      ['a host in the target', 'GET http://evil.example/echo', []],
    ])('%s does not make the host that is said another than the one that is asked', async (_, asked, lines) => {
      backend.take()
      const head = [`${asked} HTTP/1.1`, 'Host: app.example.com', ...lines]
      const { statuses } = await rawConnection(sidecar.origin, `${head.join('\r\n')}\r\n\r\n`)
      const requests = backend.take().flatMap((bytes) => readLeniently(bytes).chunks)
      if (statuses[0] === 400) expect(requests).toEqual([])
      else
        expect(requests.map((seen) => [seen.target, valuesOf(seen, 'host'), said(seen)])).toEqual([['/echo', ['app.example.com'], truth]])
    })

    test('all of them at once', async () => {
      const seen = await seenAtBackend(
        sidecar.origin,
        cases.flatMap(([, , lines]) => lines),
        200,
      )
      expect(said(seen)).toEqual(truth)
      expect(JSON.stringify(seen.fields)).not.toMatch(wished)
    })
  })

  describe('from a trusted proxy, what it says is continued', () => {
    let sidecar: OpenSidecar
    beforeAll(async () => {
      sidecar = await openSidecar({
        backend: backend.origin,
        gateway: `${gateway.origin}/openai/v1`,
        trustedProxies: ['10.0.0.0/8', '127.0.0.0/8'],
      })
    })
    afterAll(() => sidecar.close())

    describe.each([
      ['over HTTP', [], 200],
      ['over a WebSocket', webSocket, 101],
    ] as const)('%s', (_, further, status) => {
      test('the chain grows by the proxy, and proto and host stay', async () => {
        const lines = ['X-Forwarded-For: 203.0.113.7, 10.1.2.3', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: www.example.com']
        expect(said(await seenAtBackend(sidecar.origin, [...further, ...lines], status))).toEqual([
          ['x-forwarded-for', '203.0.113.7, 10.1.2.3, 127.0.0.1'],
          ['x-forwarded-proto', 'https'],
          ['x-forwarded-host', 'www.example.com'],
        ])
      })

      test('a chain in two headers is one chain, in order', async () => {
        const lines = ['X-Forwarded-For: 203.0.113.7', 'x-forwarded-for: 10.1.2.3']
        expect(said(await seenAtBackend(sidecar.origin, [...further, ...lines], status))[0]).toEqual([
          'x-forwarded-for',
          '203.0.113.7, 10.1.2.3, 127.0.0.1',
        ])
      })

      test('what its client wrote with underscores, which it does not watch, is not taken for its word', async () => {
        const lines = ['X_Forwarded_For: 6.6.6.6', 'X_FORWARDED_HOST: evil.example', 'x_real_ip: 6.6.6.6']
        expect(said(await seenAtBackend(sidecar.origin, [...further, ...lines], status))).toEqual(truth)
      })

      test('an empty word is none', async () => {
        const lines = ['X-Forwarded-For:', 'X-Forwarded-Proto: ', 'X-Forwarded-Host:']
        expect(said(await seenAtBackend(sidecar.origin, [...further, ...lines], status))).toEqual(truth)
      })
    })

    test.each(cases)('the gateway gets nothing of it: %s, %s', async (_name, _how, lines) => {
      gateway.take()
      const body = '{"model":"auto","messages":[]}'
      const head = [
        'POST /ai/v1/chat/completions HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${sidecar.credential}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        ...lines,
      ]
      const { statuses } = await rawConnection(sidecar.origin, `${head.join('\r\n')}\r\n\r\n${body}`)
      expect(statuses).toEqual([200])
      const seen = gateway.take().flatMap((bytes) => readLeniently(bytes).chunks)
      expect(seen).toHaveLength(1)
      expect(said(seen[0] as LenientRequest)).toEqual([])
      expect(JSON.stringify(seen[0]?.fields)).not.toMatch(/6\.6\.6\.6|evil|127\.0\.0\.1, /)
    })
  })

  forEachDoor({}, (house) => {
    test.each(cases)('the gateway gets nothing of it: %s, %s', async (_name, _how, lines) => {
      const before = house().emulator.seen.length
      expect(statusOf(await rawChat(house(), lines))).toBe(200)
      const seen = house().emulator.seen.slice(before)
      expect(seen).toHaveLength(1)
      const headers = seen[0]?.headers ?? []
      expect(headers.map(([name]) => plainly(name)).filter((name) => /^x-forwarded|^forwarded$|^x-real-ip$/.test(name))).toEqual([])
      expect(headers.filter(([, value]) => /6\.6\.6\.6|evil/.test(value))).toEqual([])
    })
  })
})
