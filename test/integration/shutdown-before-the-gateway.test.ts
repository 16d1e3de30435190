import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { ignoreReset } from '../support/next-upgrade.js'
import { startStopwatch } from '../support/stopwatch.js'

const deadlineMs = 500
const json = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const token = `${json({ alg: 'RS256', kid: 'a' })}.${json({ iss: 'issuer', aud: 'postern', sub: 'ada', exp: 4_000_000_000 })}.${'A'.repeat(342)}`
const body = '{"model":"auto","messages":[]}'
const ofBrowser = 'Cookie: sid=1\r\nSec-Fetch-Site: same-origin\r\n'

const post = (path: string, headers: string, sent = body, length = sent.length): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\n${headers}Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${sent}`

/** A request, and whether it is a call of the API, which leaves a line in the log. */
const requests = (credential: string): Readonly<Record<string, readonly [string, boolean]>> => ({
  'the backend, which is asked whose a cookie is': [post('/ai/v1/chat/completions', ofBrowser), true],
  'the same, for a session': [post('/ai/session', ofBrowser, '{}'), true],
  'the keys of an issuer': [post('/ai/v1/chat/completions', `Authorization: Bearer ${token}\r\n`), true],
  'the rest of its body': [post('/ai/v1/chat/completions', `Authorization: Bearer ${credential}\r\n`, body, 500), true],
  'the gateway': [post('/ai/v1/chat/completions', `Authorization: Bearer ${credential}\r\n`), true],
  'a page of the backend': ['GET /page HTTP/1.1\r\nHost: a\r\n\r\n', false],
  'what the backend says to a form': [post('/form', ''), false],
  'what the backend says to a form of which the rest is missing': [post('/form', '', body, 500_000), false],
  'what the backend says behind an identity that is asked about': [
    `GET /page HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    false,
  ],
  'a WebSocket of the backend': [
    `GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    false,
  ],
})

describe('at the deadline of a shutdown', () => {
  let silent: Server
  let sidecar: OpenSidecar
  let endedAfterMs = Infinity
  let lateMs = 0
  const answers = new Map<string, string>()
  const names = Object.keys(requests(''))

  const ask = (name: string, request: string): Promise<void> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(sidecar.origin)
      const socket = connect(Number(port), hostname, () => socket.write(request))
      let text = ''
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
      socket.on('error', () => {})
      socket.on('close', () => {
        answers.set(name, text)
        resolve()
      })
    })

  beforeAll(async () => {
    let seen = 0
    silent = createServer(() => (seen += 1))
    silent.on('upgrade', (_, socket) => {
      ignoreReset(socket)
      seen += 1
    })
    const url = await listenAnywhere(silent)
    sidecar = await openSidecar({
      backend: url,
      gateway: `${url}/openai/v1`,
      env: { SESSION: randomBytes(32).toString('base64url') },
      config: {
        shutdown: { deadline: `${deadlineMs}ms` },
        callers: {
          session: { secret: { env: 'SESSION' } },
          forwardAuth: { url: `${url}/me`, timeout: '20s', cache: '0s' },
          jwt: [{ issuer: 'issuer', audience: 'postern', jwks: `${url}/keys`, algorithms: ['RS256'], claims: { user: 'sub' } }],
        },
      },
    })
    const asked = Object.entries(requests(sidecar.credential)).map(([name, [request]]) => ask(name, request))
    await vi.waitUntil(() => seen >= 6, 5000)
    await new Promise((later) => setTimeout(later, 100))
    const toldAt = performance.now()
    const watch = startStopwatch(sidecar.pid)
    process.kill(sidecar.pid, 'SIGTERM')
    await Promise.all(asked)
    await vi.waitUntil(() => !sidecar.lives(), { timeout: 30_000, interval: 20 })
    endedAfterMs = performance.now() - toldAt
    watch.stop()
    lateMs = watch.lateMs()
  }, 60_000)

  afterAll(async () => {
    await sidecar.close()
    silent.closeAllConnections()
    silent.close()
  })

  test.each(names)('a request is refused, and its client does not repeat it, that waits for %s', (name) => {
    const answer = answers.get(name) as string
    expect(answer).toMatch(/^HTTP\/1\.1 503 [^]*"code":"draining"/)
    expect(answer).toMatch(/^x-should-retry: false\r$/im)
    expect(answer).toMatch(/^connection: close\r$/im)
  })

  test('the log says of each call what its client got', () => {
    const calls = sidecar.stdout().match(/^\{.*"msg":"request".*\}$/gm) ?? []
    const told = calls.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(told).toHaveLength(Object.values(requests('')).filter(([, isCall]) => isCall).length)
    for (const line of told) expect(line).toMatchObject({ status: 503, code: 'draining', finish: 'cut_shutdown' })
  })

  test('the process ends soon, whoever is still asked', () => {
    expect(endedAfterMs).toBeGreaterThanOrEqual(deadlineMs)
    expect(endedAfterMs - lateMs).toBeLessThan(deadlineMs + 2500)
  })
})
