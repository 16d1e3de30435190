import { createServer } from 'node:http'
import { connect } from 'node:net'
import { checkConfig, ConfigError, type ConfigInput } from '@postern/config'
import { createSessionTrade } from '@postern/identity'
import { createNodeDoor, guardServer, refuseAtDoor } from '@postern/instance'
import { type Arrival, Refusal } from '@postern/ports'
import { openInstance } from '@postern/express'
import { sessionHandler } from '@postern/server'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { listenAnywhere } from '../support/house.js'
import { createMemoryLedger } from '../support/memory-ledger.js'

let backend: CookieBackend
const closing: (() => unknown)[] = []
beforeEach(async () => {
  backend = await startCookieBackend()
})
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await backend.stop()
})

const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: 'a session secret of more than 32 characters' }

function check(callers: ConfigInput['callers'], origins: readonly string[] = []) {
  const config: ConfigInput = {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers,
    browser: { origins: [...origins] },
  }
  const { checked, problems } = checkConfig(config, { env, directory: process.cwd() })
  if (checked === undefined) throw new ConfigError(problems)
  return checked
}

const session = { secret: { env: 'SESSION' } }
const callersOf = () => ({ session, forwardAuth: { url: backend.url } })

async function open() {
  const instance = openInstance(check(callersOf()), { ledger: createMemoryLedger() })
  const door = createNodeDoor(instance, (request, response) => refuseAtDoor(instance, request, response, new Refusal('not_found')))
  const server = guardServer(createServer({ requireHostHeader: false }, door), instance)
  const origin = await listenAnywhere(server)
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
    await instance.close()
  })
  return { instance, origin, hold: (cookie: string) => hold(origin, '/ai/session', cookie) }
}

/** Asks for a session, once with a whole body and then with one whose end is missing; `finish` sends that. */
async function hold(origin: string, path: string, cookie: string) {
  const { hostname, port, host } = new URL(origin)
  const body = '{"ttl":300}'
  const head =
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nSec-Fetch-Site: same-origin\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  const socket = connect(Number(port), hostname)
  closing.push(() => socket.destroy())
  let text = ''
  const until = (marker: string): Promise<string> =>
    vi.waitFor(() => {
      if (!text.includes(marker)) throw new Error(text)
      return text
    })
  socket.on('data', (piece) => (text += piece.toString()))
  socket.write(`${head}\r\n${body}`)
  expect(await until('expires_in')).toMatch(/^HTTP\/1\.1 201 /)
  text = ''
  socket.write(`${head}Expect: 100-continue\r\nConnection: close\r\n\r\n`)
  await until('100 Continue\r\n\r\n')
  text = ''
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write(body.slice(0, 3))
  return async (): Promise<string> => {
    socket.write(body.slice(3))
    await closed
    return text
  }
}

describe('no-session-for-who-has-left', () => {
  test('a cookie that is signed out while the body of its request is being sent gets no session', async () => {
    const { instance, hold } = await open()
    const cookie = backend.signIn('ada', 'acme')
    const finish = await hold(cookie)
    backend.signOut(cookie)
    instance.runtime.cookies?.forget(instance.runtime.cookies.keysOf(cookie))
    expect(await finish()).toMatch(/^HTTP\/1\.1 401 [^]*caller_invalid/)
  })

  test.each([
    ['cookies count no longer', () => check({ session }), 401, 'caller_missing'],
    ['no sessions are given any more', () => check({ ...callersOf(), session: { ...session, exchange: 'off' } }), 404, 'not_found'],
    ['there are no sessions any more', () => check({ forwardAuth: { url: backend.url } }), 404, 'not_found'],
  ])('where %s as the body is whole, no session is given, whatever counted before', async (_, next, status, code) => {
    const { instance, hold } = await open()
    const finish = await hold(backend.signIn('ada', 'acme'))
    instance.replace(next())
    expect(await finish()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*${code}`))
    await instance.close()
  })

  test('a request that is served by the next configuration still gets its session, and both configurations can be closed', async () => {
    const { instance, hold } = await open()
    const finish = await hold(backend.signIn('ada', 'acme'))
    instance.replace(check(callersOf(), ['https://app.example.com']))
    expect(await finish()).toMatch(/^HTTP\/1\.1 201 /)
    await instance.close()
  })

  test('a session is issued at the moment before its user was known, so that a revocation since then ends it', async () => {
    const knownAt = Math.floor(Date.now() / 1000) - 20
    const lives: object[] = []
    const trade = createSessionTrade({
      sign: (_, life) => {
        lives.push(life)
        return Promise.resolve({ token: 'token', id: 'id', expiresAt: life.expiresAt })
      },
      proofs: { needsProof: () => false, check: () => Promise.resolve(), keyOf: () => Promise.resolve(undefined) },
      counters: { scope: 'process', add: () => Promise.resolve(1) },
      ttlSeconds: 600,
      longestSeconds: 3600,
      limit: 10,
      windowMs: 60_000,
    })
    const arrival = { headers: {} } as Arrival
    const principal = { user: 'ada', via: 'forwardAuth', caller: 'forwardAuth', delegate: false } as const
    await trade(arrival, { principal, knownAt, requestId: 'id', body: Buffer.alloc(0) })
    expect(lives).toEqual([{ issuedAt: knownAt, expiresAt: knownAt + 600 }])
  })

  test("a backend's own session route asks who is signed in when the body is whole", async () => {
    let isSignedIn = true
    const minted: object[] = []
    const mint = () => {
      minted.push({})
      return Promise.resolve({ token: 'token', id: 'id', expiresAt: 2_000_000_000 })
    }
    const route = sessionHandler({ minter: { ttlSeconds: 600, mint }, whoIs: () => (isSignedIn ? { user: 'ada' } : undefined) })
    const server = createServer((request, response) => void route(request, response))
    closing.push(() => server.close())
    const finish = await hold(await listenAnywhere(server), '/session', 'sid=1')
    isSignedIn = false
    expect(await finish()).toMatch(/^HTTP\/1\.1 401 [^]*caller_missing/)
    expect(minted).toHaveLength(1)
  })
})
