import { connect } from 'node:net'
import { parseGovernance } from '@postern/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { House } from '../support/house.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'
import { rawExchange } from '../support/raw-exchange.js'

const gibibyte = 1024 ** 3

/** Everything that was tried, so that the last test can say that it cost nobody else anything. */
let tried = 0

/** What each refusal must have, whatever was wrong. */
function expectRefusal(house: House, answer: string, status: number, code: string): void {
  tried += 1
  expect([statusOf(answer), codeOf(answer)]).toEqual([status, code])
  const header = (name: string): string | undefined => new RegExp(`^${name}: (.*)\r$`, 'im').exec(answer)?.[1]
  const envelope = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { error: Record<string, unknown> }
  expect(Object.keys(envelope.error)).toEqual(['message', 'type', 'code', 'param'])
  expect(header('Content-Type')).toBe('application/json; charset=utf-8')
  expect(parseGovernance(header('Postern-Governance'))?.request_id).toBe(header('X-Request-ID'))
  expect(header('X-Request-ID')).toMatch(/\.[01]$/)
  expect(house.emulator.seen).toEqual([])
}

const body = (text: string | Buffer) => (house: House) => rawChat(house, [], { body: text as string })
const path =
  (text: string, method = 'POST') =>
  (house: House) =>
    rawExchange(
      house.origin,
      `${method} ${text} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${house.callers.acme}\r\nContent-Length: 0\r\n\r\n`,
      { oneAnswer: true, silenceMs: 5_000 },
    )
const headers =
  (...lines: string[]) =>
  (house: House) =>
    rawChat(house, lines)
const raw = (text: string) => (house: House) => rawExchange(house.origin, text, { oneAnswer: true, silenceMs: 5_000 })

const cases: readonly (readonly [what: string, send: (house: House) => Promise<string>, status: number, code: string])[] = [
  ['bad JSON', body('{"model":'), 400, 'request_malformed'],
  ['JSON with something behind it', body('{"model":"auto"} x'), 400, 'request_malformed'],
  ['JSON that is no object', body('["auto"]'), 400, 'request_malformed'],
  ['a member that stands twice', body('{"model":"auto","model":"secret"}'), 400, 'request_malformed'],
  ['a member in two spellings', body('{"model":"auto","Model":"secret"}'), 400, 'request_malformed'],
  ['a member twice, once escaped', body('{"model":"auto","\\u006dodel":"secret"}'), 400, 'request_malformed'],
  [
    'more members than any API has',
    body(`{${Array.from({ length: 1001 }, (_, index) => `"m${index}":1`).join(',')}}`),
    400,
    'request_malformed',
  ],
  ['an API key in the body', body('{"model":"auto","apiKey":"sk-x"}'), 400, 'credential_in_request'],
  ['an API key in a header', headers('X-API-Key: sk-x'), 400, 'credential_in_request'],
  ['a gateway key as credential', (house) => rawChat(house, [], { credential: 'jt_x'.padEnd(40, 'y') }), 400, 'credential_in_request'],
  ['an unknown path below the API', path('/ai/v1/', 'GET'), 404, 'not_found'],
  ['another version of the API', path('/ai/v2/models', 'GET'), 404, 'not_found'],
  ['a path beside the mount', path('/nothing', 'GET'), 404, 'not_found'],
  ['a wrong method', path('/ai/v1/chat/completions', 'GET'), 405, 'method_not_allowed'],
  ['TRACE', path('/ai/v1/anything', 'TRACE'), 405, 'method_not_allowed'],
  ['a tag with a line feed in it', headers('X-Step-ID: a\n b'), 400, 'request_malformed'],
  ['a tag with an escaped line feed', headers('X-Step-ID: a%0Ab'), 400, 'tag_invalid'],
  ['a tag with a blank', headers('X-Workflow-ID: a b'), 400, 'tag_invalid'],
  ['a tag beyond ASCII', headers('X-Workflow-ID: schön'), 400, 'tag_invalid'],
  ['a tag that is too long', headers(`X-Parent-Step-ID: ${'a'.repeat(65)}`), 400, 'tag_invalid'],
  ['an empty tag', headers('X-Step-ID;'.replace(';', ': ')), 400, 'tag_invalid'],
  ['a tag that stands twice', headers('X-Step-ID: a', 'X-Step-ID: b'), 400, 'tag_invalid'],
  ['nobody calling', (house) => rawChat(house, [], { credential: null }), 401, 'caller_missing'],
  ['somebody unknown', (house) => rawChat(house, [], { credential: 'nobody' }), 401, 'caller_invalid'],
  ['Basic credentials', (house) => rawChat(house, ['Authorization: Basic eDp5'], { credential: null }), 401, 'caller_invalid'],
  ['two credentials', headers('Authorization: Bearer another'), 400, 'request_malformed'],
  ['no HTTP at all', raw('HELLO\r\n\r\n'), 400, 'request_malformed'],
  ['HTTP/1.1 without a host', raw('GET /ai/v1/models HTTP/1.1\r\n\r\n'), 400, 'request_malformed'],
  ['a header without a name', headers(': value'), 400, 'request_malformed'],
  ['a bare carriage return in a header', headers('X-A: b\rX-C: d'), 400, 'request_malformed'],
  ['two lengths', headers('Content-Length: 3'), 400, 'request_malformed'],
  ['a length and chunks', headers('Transfer-Encoding: chunked'), 400, 'request_malformed'],
  ['a length that is no number', raw('POST /ai/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'), 400, 'request_malformed'],
  ['an expectation that nobody meets', headers('Expect: 200-ok'), 400, 'request_malformed'],
  ['headers without end', headers(`X-Long: ${'a'.repeat(70_000)}`), 431, 'headers_too_large'],
]

describe('malformed input gets its own code, in the envelope, with a request id', () => {
  forEachDoor({}, (house) => {
    beforeAll(() => {
      tried = 0
    })

    test.each(cases)('%s', async (_, send, status, code) => {
      expectRefusal(house(), await send(house()), status, code)
    })

    test('bytes that are not UTF-8 in a JSON body', async () => {
      const answer = await fetch(`${house().baseURL}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': 'application/json' },
        body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      })
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'request_malformed' } }])
    })

    test('a body of 1 GB against the limit, refused by its declared length before a byte of it is read', async () => {
      const answer = await rawExchange(
        house().origin,
        `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${house().callers.acme}\r\nContent-Type: application/json\r\nContent-Length: ${gibibyte}\r\n\r\n{`,
        { oneAnswer: true, silenceMs: 5_000 },
      )
      expectRefusal(house(), answer, 413, 'body_too_large')
    })

    test('a body of 1 GB that does not say so, refused when the limit is passed and then hung up on', async () => {
      const before = process.memoryUsage().rss
      const { answer, sent } = await pourChunks(house(), gibibyte)
      expectRefusal(house(), answer, 413, 'body_too_large')
      expect(sent).toBeLessThan(100 * 1024 * 1024)
      expect(process.memoryUsage().rss - before).toBeLessThan(250 * 1024 * 1024)
    })

    test('and whoever calls properly afterwards is answered', async () => {
      expect(tried).toBeGreaterThan(cases.length)
      expect((await house().chat()).status).toBe(200)
    })
  })

  afterAll(() => {
    expect(tried).toBeGreaterThan(0)
  })
})

/** Sends a JSON body in chunks until the peer has had enough. */
function pourChunks(house: House, bytes: number): Promise<{ readonly answer: string; readonly sent: number }> {
  const { hostname, port } = new URL(house.origin)
  const chunk = Buffer.alloc(64 * 1024, 'a')
  const framed = Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let answer = ''
    let sent = 0
    const pour = (): void => {
      while (sent < bytes && !socket.destroyed) {
        sent += chunk.length
        if (!socket.write(framed)) {
          socket.once('drain', pour)
          return
        }
      }
    }
    socket.on('data', (data) => (answer += data.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => resolve({ answer, sent }))
    socket.write(
      `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${house.callers.acme}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    pour()
  })
}
