import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { rawChat, statusOf } from '../support/raw-chat.js'
import { rawConnection } from '../support/raw-connection.js'
import { type Script, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js'

const towardsGateway = [
  'Keep-Alive: timeout=9',
  'TE: trailers',
  'Trailer: X-Checksum',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic Zm9v',
  'Proxy-Anything: x',
  'Alt-Svc: h2=":443"',
  'HTTP2-Settings: AAMAAABk',
]

const fromGateway: Readonly<Record<string, string>> = {
  'Alt-Svc': 'h3=":443"',
  'Proxy-Authenticate': 'Basic',
  'Proxy-Authentication-Info': 'x',
  'Proxy-Whatever': 'x',
  'Keep-Alive': 'timeout=999',
  Trailer: 'X-Checksum',
  Upgrade: 'h2c',
  'X-Secret-Hop': 'x',
  'Set-Cookie': 'a=b',
  'WWW-Authenticate': 'Bearer',
  'Access-Control-Allow-Origin': '*',
  'Strict-Transport-Security': 'max-age=1',
  'Content-Security-Policy': "default-src 'none'",
  Location: 'https://elsewhere.example',
  'Clear-Site-Data': '"*"',
  'DPoP-Nonce': 'theirs',
  DPoP_Nonce: 'theirs',
  'X-SourceMap': '/elsewhere.map',
  'Set-Login': 'logged-in',
  'Sec-Session-Registration': '(ES256); path="/elsewhere"',
  'Speculation-Rules': '"/elsewhere.json"',
  'Activate-Storage-Access': 'load',
  'Observe-Browsing-Topics': '?1',
  'Attribution-Reporting-Register-Source': '{}',
  'Permissions-Policy-Report-Only': 'camera=()',
  'Accept-CH': 'Sec-CH-UA-Model',
  'Timing-Allow-Origin': '*',
  'X-Sendfile': '/etc/passwd',
}

let named: readonly string[] | undefined
let upstream: HostileUpstream
beforeAll(async () => {
  upstream = await startHostileUpstream((_request, response) => {
    if (named !== undefined) {
      response.writeHead(200, ['X-Secret-Hop', 'x', 'Content-Type', 'application/json', 'X-Kept', 'yes', ...named])
      response.end(plainCompletion)
      return
    }
    response.writeHead(200, { ...fromGateway, Connection: 'keep-alive, X-Secret-Hop', 'Content-Type': 'application/json', 'X-Kept': 'yes' })
    response.end(plainCompletion)
  })
})
afterAll(() => upstream.close())

describe('hop-by-hop-both-ways', () => {
  forEachDoor(
    () => Promise.resolve({ baseURL: upstream.baseURL }),
    (house) => {
      test.each(towardsGateway)('the gateway does not get a client’s "%s"', async (line) => {
        expect(statusOf(await rawChat(house(), [line]))).toBe(200)
        const name = (line.split(':')[0] as string).toLowerCase()
        const { rawHeaders = [] } = upstream.seen.at(-1) ?? {}
        expect(rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name)).toEqual([])
      })

      test.each(Object.entries(fromGateway))('the client does not get a gateway’s "%s: %s"', async (name, value) => {
        const answer = await house().chat()
        expect(answer.status).toBe(200)
        expect(answer.headers.get(name)).not.toBe(value)
        expect(answer.headers.get('x-kept')).toBe('yes')
      })

      test.each([
        ['in the first of two lines', ['Connection', 'X-Secret-Hop', 'Connection', 'keep-alive']],
        ['in the second of three', ['Connection', 'close', 'Connection', 'x-secret-hop', 'Connection', 'close']],
        ['with another mark', ['Connection', 'X_Secret_Hop']],
      ])('nor what Connection names %s', async (_, lines) => {
        named = lines
        const answer = await house().chat()
        named = undefined
        expect([answer.status, answer.headers.get('x-secret-hop'), answer.headers.get('x-kept')]).toEqual([200, null, 'yes'])
      })
    },
  )
})

describe('hop-by-hop-both-ways: a transfer coding that the backend puts around its chunks', () => {
  const webSocket = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  const roads = [
    ['a page', ['GET /x HTTP/1.1', 'Host: a'], ''],
    ['a form', ['POST /x HTTP/1.1', 'Host: a', 'Content-Length: 3'], 'a=b'],
    ['an upload', ['PUT /x HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['a WebSocket', ['GET /x HTTP/1.1', 'Host: a', ...webSocket], ''],
  ] as const
  const codings = [
    ['gzip, chunked'],
    ['GZIP,chunked'],
    ['deflate', 'chunked'],
    ['x-own;q=1, chunked'],
    ['identity'],
    ['chunked, gzip'],
    ['chunked;a=b'],
  ]
  const cases = codings.flatMap((coding) => roads.map(([what, lines, body]) => [coding.join(' and '), what, coding, lines, body] as const))
  const script =
    (coding: readonly string[]): Script =>
    (socket) => {
      const lines = coding.map((each) => `Transfer-Encoding: ${each}\r\n`).join('')
      socket.end(`HTTP/1.1 200 OK\r\n${lines}\r\n5\r\nhello\r\n0\r\n\r\n`)
    }
  let coding: readonly string[] = []
  let backend: ScriptedUpstream
  let sidecar: OpenSidecar
  beforeAll(async () => {
    backend = await startScriptedUpstream(() => script(coding))
    sidecar = await openSidecar({ backend: backend.origin })
  })
  afterAll(async () => {
    await sidecar.close()
    await backend.close()
  })

  test.each(cases)('%s of %s is 502, and none of its bytes are passed', async (_, _what, codings, lines, body) => {
    coding = codings
    const { statuses, text } = await rawConnection(sidecar.origin, `${lines.join('\r\n')}\r\n\r\n${body}`)
    expect([statuses, text]).toEqual([[502], expect.stringContaining('"code":"backend_failed"')])
    expect(text).not.toContain('hello')
  })

  test.each(roads)('of %s none but chunks passes', async (_, lines, body) => {
    coding = ['Chunked']
    const { statuses, text } = await rawConnection(sidecar.origin, `${lines.join('\r\n')}\r\n\r\n${body}`)
    expect([statuses, text]).toEqual([[200], expect.stringContaining('hello')])
  })
})
