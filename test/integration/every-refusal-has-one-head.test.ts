import { createServer, type Server } from 'node:http'
import { createSessionMinter, sessionHandler } from '@postern/server'
import { type ErrorCode, errorCodes } from '@postern/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { listenAnywhere } from '../support/house.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { rawExchange } from '../support/raw-exchange.js'

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

let sidecar: OpenSidecar
let application: Server
let applicationAt: string
beforeAll(async () => {
  // Nobody listens at the backend's address.
  sidecar = await openSidecar({ backend: `http://127.0.0.1:${await freePort()}`, config: { connections: { perAddress: 4 } } })
  const minter = createSessionMinter({ secret: 'a session secret of more than 32 characters' })
  const route = sessionHandler({ minter, whoIs: () => undefined })
  application = createServer((request, response) => void route(request, response))
  applicationAt = await listenAnywhere(application)
})
afterAll(async () => {
  await sidecar.close()
  application.close()
})

async function ask(origin: string, lines: readonly string[], body = ''): Promise<Answer> {
  const text = await rawExchange(origin, `${lines.join('\r\n')}\r\n\r\n${body}`, { oneAnswer: true, silenceMs: 5000 })
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...fields] = head.split('\r\n')
  const headers = fields.map((field): [string, string] => [
    field.slice(0, field.indexOf(':')).toLowerCase(),
    field.slice(field.indexOf(':') + 1).trim(),
  ])
  expect(new Set(headers.map(([name]) => name)).size, `each header once in\n${head}`).toBe(headers.length)
  return { status: Number(first.split(' ')[1]), headers: new Map(headers), body: Buffer.from(rest.join('\r\n\r\n'), 'latin1').toString() }
}

const host = 'Host: app.example.com'
const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']

type Carrier = readonly [name: string, code: ErrorCode, lines: readonly string[], body: string]
const given: readonly (readonly [name: string, code: ErrorCode, lines: readonly string[], body?: string])[] = [
  ['an answer of the API', 'caller_missing', ['GET /ai/v1/models HTTP/1.1', host]],
  ['an answer of the API to a caller', 'request_malformed', ['POST /ai/v1/chat/completions HTTP/1.1', host, 'Content-Length: 1'], '{'],
  ['a socket, to a request that is none', 'request_malformed', ['GET /ai/v1/models HTTP/1.1', 'Host : a']],
  ['a socket, to a head that is too large', 'headers_too_large', ['GET / HTTP/1.1', host, `X-Large: ${'a'.repeat(70_000)}`]],
  ['a socket, to a WebSocket of the API', 'upgrade_required', ['GET /ai/v1/realtime HTTP/1.1', host, ...upgrade]],
  ['a socket, to CONNECT', 'method_not_allowed', ['CONNECT app.example.com:443 HTTP/1.1', host]],
  ['an answer in place of the backend', 'backend_unavailable', ['GET / HTTP/1.1', host]],
  ['a page in place of the backend', 'backend_unavailable', ['GET / HTTP/1.1', host, 'Accept: text/html']],
  ['a socket, to a WebSocket of the backend', 'backend_unavailable', ['GET /live HTTP/1.1', host, ...upgrade]],
]

const carriers = given.map(([name, code, lines, body = '']): Carrier => [name, code, lines, body])

describe('every refusal has one head', () => {
  test.each(carriers)('%s: %s', async (_, code, lines, body) => {
    const credential = body === '' ? [] : [`Authorization: Bearer ${sidecar.credential}`]
    const answer = await ask(sidecar.origin, [...lines, ...credential], body)
    const { status, retryable } = errorCodes[code]
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([status, code])
    expect(answer.headers.get('x-should-retry')).toBe(retryable ? undefined : 'false')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)))
    const id = answer.headers.get('x-request-id')
    expect(id).toMatch(/^_\._\.[0-9A-Z]{26}\.0$/)
    expect(JSON.parse(answer.headers.get('postern-governance') as string)).toMatchObject({ request_id: id, finish: 'refused' })
    const exposed = (answer.headers.get('access-control-expose-headers') ?? '').split(', ')
    expect(exposed).toEqual(expect.arrayContaining(['X-Request-ID', 'Postern-Governance', 'Postern-Refusal']))
    if (answer.headers.get('content-type')?.startsWith('text/html') === true) expect(answer.body).toContain(errorCodes[code].help)
    else expect(JSON.parse(answer.body)).toMatchObject({ error: { code, message: expect.stringContaining(errorCodes[code].help) } })
  })

  test('the session route of an application: caller_missing', async () => {
    const answer = await ask(applicationAt, ['POST /session HTTP/1.1', host, 'Sec-Fetch-Site: same-origin', 'Content-Length: 0'])
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([401, 'caller_missing'])
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'caller_missing', type: 'authentication_error', param: null } })
  })
})
