import { hash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as requestHttp, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkConfig } from '@postern/config'
import { createMemoryStore, type Store } from '@postern/ports'
import { createSessionMinter } from '@postern/server'
import { openStore } from '@postern/stores'
import { decodeJwt, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { type House, listenAnywhere, openHouse } from '../support/house.js'
import { type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'
import { createProver } from '../support/prover.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'
import { createSampleBackend } from '../support/sample-backend.js'

const b64 = (value: string | Buffer): string => Buffer.from(value).toString('base64url')
const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const nowSeconds = (): number => Math.floor(Date.now() / 1000)

async function codeOf(answer: Response): Promise<readonly [number, string | undefined]> {
  const text = await answer.text()
  try {
    return [answer.status, (JSON.parse(text) as { error?: { code?: string } }).error?.code]
  } catch {
    return [answer.status, undefined]
  }
}

describe('a real process that tells the backend who is calling', () => {
  const env = {
    KEY: 'jt_0123456789',
    RING: `agent:${hash('sha256', 'agent credential')}`,
    SESSION: randomBytes(32).toString('base64url'),
    ADMIN: randomBytes(24).toString('base64url'),
  }
  const minter = createSessionMinter({ secret: env.SESSION })
  let cwd: string
  let backend: Server
  let backendUrl: string
  let issuer: Issuer
  const running: RunningPostern[] = []
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'postern-review-'))
    issuer = await startIssuer()
    backend = createSampleBackend()
    backendUrl = await listenAnywhere(backend)
  })
  afterAll(async () => {
    for (const { child } of running) child.kill('SIGKILL')
    await issuer.stop()
    backend.closeAllConnections()
    backend.close()
    rmSync(cwd, { recursive: true })
  })
  async function start(further: object = {}): Promise<{ postern: RunningPostern; origin: string; admin: string }> {
    const file = join(cwd, `${randomUUID()}.json`)
    writeFileSync(
      file,
      JSON.stringify({
        version: 1,
        listen: { port: 0 },
        backend: { url: backendUrl, identity: {} },
        gateways: { main: { dialect: 'joytoken', baseURL: 'http://127.0.0.1:9/openai/v1' } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: {
          session: { secret: { env: 'SESSION' } },
          jwt: [jwtCallers(issuer)],
          service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } },
        },
        store: { memory: true },
        ...further,
      }),
    )
    const postern = startPostern(['start', '--config', file], { cwd, env })
    running.push(postern)
    const [line = '', url = ''] = await postern.prints(/.*"url":"([^"]+)".*/)
    return { postern, origin: new URL(url).origin, admin: /"admin":"([^"]+)"/.exec(line)?.[1] ?? '' }
  }
  test('a WebSocket request to the API that is reset after its refusal does not end the process', async () => {
    const { postern, origin } = await start({ backend: { url: backendUrl } })
    for (let time = 0; time < 20 && postern.child.exitCode === null; time += 1) {
      const socket = connect(Number(new URL(origin).port), '127.0.0.1')
      socket.on('error', () => {})
      await new Promise((done) => socket.once('connect', done))
      socket.write('GET /ai/v1/models HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      await sleep(time * 3)
      socket.resetAndDestroy()
      await sleep(50)
    }
    expect([postern.child.exitCode, postern.stderr().slice(0, 200)]).toEqual([null, ''])
  })

  test('a WebSocket request to the API whose client does not hang up after its refusal neither stays nor holds up the end', async () => {
    const { postern, origin } = await start({ backend: { url: backendUrl }, shutdown: { deadline: '500ms' } })
    const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    socket.resume()
    await new Promise((done) => socket.once('connect', done))
    socket.write('GET /ai/v1/models HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    await sleep(300)
    postern.child.kill('SIGTERM')
    await sleep(4000)
    expect(postern.child.exitCode).toBe(0)
    socket.destroy()
  })

  test('a WebSocket request of nobody that is reset while its token is looked at does not end the process', async () => {
    // An issuer that is well, and as far away as issuers are.
    const far = createServer((_, response) => {
      setTimeout(() => response.end(JSON.stringify({ keys: [issuer.publicKey()] })), 60)
    })
    const jwks = await listenAnywhere(far)
    const { postern, origin } = await start({ callers: { jwt: [{ ...jwtCallers(issuer), jwks }] } })
    // Of nobody: whoever knows the issuer's name can write it.
    const forged = [{ alg: 'RS256', kid: randomUUID() }, { iss: issuer.issuer }, 'x'].map((part) => b64(JSON.stringify(part))).join('.')
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    socket.on('error', () => {})
    await new Promise((done) => socket.once('connect', done))
    socket.write(`GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer ${forged}\r\n\r\n`)
    await sleep(30)
    socket.resetAndDestroy()
    await sleep(500)
    far.close()
    expect([postern.child.exitCode, postern.stderr().slice(0, 200)]).toEqual([null, ''])
  })

  test('a session that is bound to one endpoint and one call is nobody to the backend', async () => {
    const { origin } = await start()
    const { token } = await minter.mint({ user: 'ada', team: 'acme', endpoints: ['embeddings'], models: ['tiny'], maxCalls: 1 })
    const answer = (await (
      await fetch(`${origin}/echo/admin/delete-account`, { headers: { authorization: `Bearer ${token}` } })
    ).json()) as {
      headers: Record<string, string | undefined>
    }
    expect(answer.headers['postern-identity']).toBeUndefined()
    // So is nobody else: the same user's whole session is said there.
    const whole = await minter.mint({ user: 'ada', team: 'acme' })
    const other = (await (await fetch(`${origin}/echo/admin`, { headers: { authorization: `Bearer ${whole.token}` } })).json()) as {
      headers: Record<string, string | undefined>
    }
    expect(decodeJwt(other.headers['postern-identity'] ?? '')).toMatchObject({ sub: 'ada', team: 'acme' })
  })

  test('thirty wrong secrets do not keep the right one from minting and revoking', async () => {
    const { admin } = await start({ admin: { port: 0, secret: { env: 'ADMIN' } } })
    const post = (secret: string) =>
      fetch(`${admin}/admin/v1/revocations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: '{"user":"mallory"}',
      })
    expect((await post(env.ADMIN)).status).toBe(201)
    for (let time = 0; time < 31; time += 1) await post('wrong')
    expect(await codeOf(await post(env.ADMIN))).toEqual([201, undefined])
  })

  test('nor do pages of a browser, which need not even read the answer', async () => {
    const { admin } = await start({ admin: { port: 0, secret: { env: 'ADMIN' } } })
    for (let time = 0; time < 31; time += 1)
      await fetch(`${admin}/admin/v1/x`, {
        method: 'POST',
        headers: { origin: 'https://evil.example', 'content-type': 'text/plain' },
        body: '',
      })
    const answer = await fetch(`${admin}/admin/v1/sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.ADMIN}` },
      body: '{"user":"ada"}',
    })
    expect(await codeOf(answer)).toEqual([201, undefined])
  })

  test('nor do thirty bad requests of somebody who has the right one', async () => {
    const { admin } = await start({ admin: { port: 0, secret: { env: 'ADMIN' } } })
    const post = (path: string, body: string) =>
      fetch(`${admin}/admin/v1/${path}`, { method: 'POST', headers: { authorization: `Bearer ${env.ADMIN}` }, body })
    for (let time = 0; time < 31; time += 1) await post('sessions', '{"user":""}')
    expect(await codeOf(await post('revocations', '{"user":"mallory"}'))).toEqual([201, undefined])
  })

  test('a revocation that can be read in two ways is refused', async () => {
    const { admin } = await start({ admin: { port: 0, secret: { env: 'ADMIN' } } })
    const answer = await fetch(`${admin}/admin/v1/revocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.ADMIN}` },
      body: '{"user":"ada","user":"bob"}',
    })
    expect(await codeOf(answer)).toEqual([400, 'request_malformed'])
  })
})

describe('what a session is exchanged for', () => {
  let backend: CookieBackend
  let issuer: Issuer
  let house: House
  beforeAll(async () => {
    backend = await startCookieBackend()
    issuer = await startIssuer()
    house = await openHouse({
      callers: { forwardAuth: { url: backend.url, cache: '0ms' }, jwt: [jwtCallers(issuer)] },
      config: { browser: { origins: ['https://app.example.com', 'https://other.example.com'] } },
    })
  })
  afterAll(async () => {
    await house.close()
    await backend.stop()
    await issuer.stop()
  })
  const exchange = (headers: Record<string, string>, body: object = {}) =>
    fetch(`${house.origin}/ai/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })

  test('is not good for a day where the cookie that it came from is signed out of', async () => {
    const cookie = backend.signIn('ada', 'acme')
    const { token, expires_in: life } = (await (await exchange({ cookie, ...sameOrigin }, { ttl: '1d' })).json()) as {
      token: string
      expires_in: number
    }
    backend.signOut(cookie)
    expect((await house.chat({ credential: null, headers: { cookie, ...sameOrigin } })).status).toBe(401)
    const { status } = await house.chat({ credential: token })
    // Nobody can tell a copied token from a good one: at the least it lives no longer than usual.
    expect([status, life <= 600]).toEqual([200, true])
  })

  test('is for the page that asked, and not for one that it names', async () => {
    const cookie = backend.signIn('ada', 'acme')
    const answer = await exchange({ cookie, origin: 'https://app.example.com' }, { origin: 'https://other.example.com' })
    expect(await codeOf(answer)).toEqual([400, 'request_malformed'])
    const own = await exchange({ cookie, origin: 'https://app.example.com' })
    expect(own.status).toBe(201)
    const { token } = (await own.json()) as { token: string }
    expect(decodeJwt(token)['origin']).toBe('https://app.example.com')
  })

  test.each(['http://a:b:c', 'http://a:99999', 'https://a:0', 'https://a/', 'https://A.example', 'null', 'a.example', 'https://a b', ''])(
    'a bound that is no origin is refused, not a fault later: %j',
    async (origin) => {
      const token = await issuer.sign()
      expect(await codeOf(await exchange({ authorization: `Bearer ${token}` }, { origin }))).toEqual([400, 'request_malformed'])
    },
  )

  test('a bound that is an origin is kept', async () => {
    const answer = await exchange({ authorization: `Bearer ${await issuer.sign()}` }, { origin: 'https://app.example.com' })
    expect(answer.status).toBe(201)
    const { token: session } = (await answer.json()) as { token: string }
    const call = (headers: Record<string, string>) =>
      fetch(`${house.baseURL}/models`, { headers: { authorization: `Bearer ${session}`, ...headers } })
    expect(await codeOf(await call(sameOrigin))).toEqual([403, 'origin_not_allowed'])
    expect((await call({ origin: 'https://app.example.com' })).status).toBe(200)
  })
})

describe('tokens of odd form', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())
  const sign = (claims: Record<string, unknown>) =>
    new SignJWT({ sub: 'ada', team: 'acme', aud: 'postern', iat: nowSeconds(), exp: nowSeconds() + 60, ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
      .sign(Buffer.from(house.sessionSecret))

  test('a session header with bytes that are no UTF-8 is the caller’s fault', async () => {
    const header = Buffer.concat([Buffer.from('{"alg":"HS256","typ":"postern-session+jwt","x":"'), Buffer.from([0xff]), Buffer.from('"}')])
    expect(await codeOf(await house.chat({ credential: `${b64(header)}.${b64('{}')}.${b64('x')}` }))).toEqual([401, 'caller_invalid'])
  })

  test('of the blanks around a credential only spaces and tabs are none of it', async () => {
    const statusWith = (authorization: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asked = requestHttp(`${house.baseURL}/models`, { headers: { authorization } }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode))
        })
        asked.once('error', reject).end()
      })
    const token = await sign({})
    for (const credential of [token, house.callers.acme]) {
      for (const [before, after] of [
        [' ', ''],
        ['\t ', ''],
        ['', ' \t'],
      ] as const)
        expect([before, after, await statusWith(`Bearer ${before}${credential}${after}`)]).toEqual([before, after, 200])
      for (const [before, after] of [
        ['\u00a0', ''],
        ['', '\u00a0'],
        [' \u00a0 ', ''],
        ['', '\u0085'],
        ['', '\u00ad'],
      ] as const)
        expect([before, after, await statusWith(`Bearer ${before}${credential}${after}`)]).toEqual([before, after, 401])
    }
    expect(await statusWith('Bearer \u00a0')).toBe(401)
    expect(await statusWith(`Bearer sk-0123456789abcdefgh\u00a0`)).toBe(400)
  })

  test('a session id that is a number is no fault of ours', async () => {
    expect((await house.chat({ credential: await sign({ jti: 7 }) })).status).toBe(401)
  })

  test('a session id that is a list cannot be revoked elsewhere, so it is not taken', async () => {
    const store = createMemoryStore()
    const one = await openHouse({ store })
    const other = await openHouse({ store, keys: one.keys, sessionSecret: one.sessionSecret })
    try {
      const claims = {
        sub: 'ada',
        team: 'acme',
        aud: 'postern',
        iat: nowSeconds(),
        exp: nowSeconds() + 60,
        jti: ['x'] as unknown as string,
      }
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
        .sign(Buffer.from(one.sessionSecret))
      const ended = await fetch(`${one.origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
      await sleep(1100)
      const { status } = await other.chat({ credential: token })
      // Refused by both, or ended by both.
      expect([ended.status, status]).not.toEqual([204, 200])
    } finally {
      await one.close()
      await other.close()
    }
  })
})

describe('revocation', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())
  const sign = (claims: Record<string, unknown>) =>
    new SignJWT({ team: 'acme', aud: 'postern', jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
      .sign(Buffer.from(house.sessionSecret))

  test('ends a session of the same second, also where its minter writes fractions of seconds', async () => {
    while (Date.now() % 1000 > 500) await sleep(50)
    const iat = Date.now() / 1000
    const token = await sign({ sub: 'frac', iat, exp: iat + 3600 })
    expect((await house.chat({ credential: token })).status).toBe(200)
    await house.runtime.revocations.revoke('user', 'frac')
    expect(await codeOf(await house.chat({ credential: token }))).toEqual([401, 'caller_revoked'])
  })

  test('ends a session whose minter’s clock is ahead by what is tolerated', async () => {
    const iat = nowSeconds() + 4
    const token = await sign({ sub: 'ahead', iat, exp: iat + 3600 })
    expect((await house.chat({ credential: token })).status).toBe(200)
    await house.runtime.revocations.revoke('user', 'ahead')
    await sleep(5000)
    expect(await codeOf(await house.chat({ credential: token }))).toEqual([401, 'caller_revoked'])
  })

  test('is over within a second also where the store takes a second and a half to answer', async () => {
    const memory = createMemoryStore()
    let slow = false
    const store: Store = {
      ...memory,
      revocations: {
        ...memory.revocations,
        async after(mark) {
          const page = await memory.revocations.after(mark)
          if (slow) await sleep(1450)
          return page
        },
      },
    }
    const other = await openHouse({ store })
    try {
      const { token, id } = await other.minter.mint({ user: 'ada', team: 'acme' })
      expect((await other.chat({ credential: token })).status).toBe(200)
      slow = true
      await sleep(750)
      const first = other.chat({ credential: token })
      await sleep(50)
      // Another process ends it.
      await memory.revocations.append({ kind: 'id', name: id, at: nowSeconds(), until: Date.now() + 60_000 })
      await sleep(1150)
      const second = await other.chat({ credential: token })
      await first
      expect(second.status).not.toBe(200)
    } finally {
      await other.close()
    }
  })
})

describe('one caller and another', () => {
  test('callers with invented cookies do not keep others from being asked about', async () => {
    const app = createServer((request, response) => {
      const good = (request.headers.cookie ?? '').includes('sid=good')
      setTimeout(
        () => {
          response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' })
          response.end(good ? '{"user":"ada","team":"acme"}' : '{}')
        },
        good ? 5 : 1000,
      )
    })
    const origin = await listenAnywhere(app)
    const house = await openHouse({
      callers: { forwardAuth: { url: `${origin}/me` } },
      config: { listen: { trustedProxies: ['127.0.0.1'] } },
    })
    try {
      const flood = Array.from({ length: 300 }, (_, index) =>
        house
          .chat({ credential: null, headers: { cookie: `sid=bad${index}`, 'x-forwarded-for': '203.0.113.6', ...sameOrigin } })
          .then((answer) => answer.status),
      )
      await sleep(500)
      const good = await house.chat({ credential: null, headers: { cookie: 'sid=good', 'x-forwarded-for': '198.51.100.7', ...sameOrigin } })
      const code = await codeOf(good)
      await Promise.all(flood)
      expect(code).toEqual([200, undefined])
    } finally {
      await house.close()
      app.closeAllConnections()
      app.close()
    }
  })
})

describe('proofs', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse({ config: { listen: { hosts: ['127.0.0.1'] } } })
  })
  afterAll(() => house.close())

  test('a proof for another host is refused whatever the request says its host is', async () => {
    const prover = await createProver()
    const { token } = await house.minter.mint({ team: 'acme', jkt: prover.jkt })
    const dpop = await prover.prove('POST', 'http://evil.example/ai/v1/chat/completions', token)
    const status = await new Promise((done, reject) => {
      const sent = requestHttp(
        `${house.baseURL}/chat/completions`,
        { method: 'POST', headers: { host: 'evil.example', 'content-type': 'application/json', authorization: `DPoP ${token}`, dpop } },
        (answer) => {
          answer.resume()
          done(answer.statusCode)
        },
      )
      sent.on('error', reject)
      sent.end(JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] }))
    })
    expect(status).toBe(421)
  })

  test('a page of a name that is not ours, and that now leads here (DNS rebinding), cannot call as nobody', async () => {
    const open = await openHouse({ callers: { anonymous: { team: 'acme', limit: 5 } }, config: { listen: { hosts: ['127.0.0.1'] } } })
    try {
      const answer = await new Promise((done, reject) => {
        const headers = { host: 'evil.example', origin: 'http://evil.example', 'content-type': 'application/json' }
        const sent = requestHttp(`${open.baseURL}/chat/completions`, { method: 'POST', headers }, (received) => {
          received.resume()
          done(received.statusCode)
        })
        sent.on('error', reject)
        sent.end(JSON.stringify({ model: open.model, messages: [{ role: 'user', content: 'Hello' }] }))
      })
      expect(answer).toBe(421)
    } finally {
      await open.close()
    }
  })
})

describe('configuration', () => {
  const problemsOf = (further: object) =>
    checkConfig(
      {
        version: 1,
        gateways: { main: { dialect: 'joytoken' } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: { session: { secret: { env: 'SESSION' } } },
        ...further,
      },
      { env: { KEY: 'jt_0123456789', SESSION: 'x'.repeat(40), ADMIN: 'a' }, directory: '/' },
    ).problems

  test('a name that only begins like this machine’s address is not this machine', () => {
    expect(problemsOf({ callers: { session: { jwks: 'http://127.evil.example/jwks.json' } } })).not.toEqual([])
  })
  test('an admin secret of one letter is a problem', () => {
    expect(problemsOf({ admin: { port: 8788, secret: { env: 'ADMIN' } } })).not.toEqual([])
  })
  test('to trust everybody’s X-Forwarded-For is a problem', () => {
    expect(problemsOf({ listen: { trustedProxies: ['0.0.0.0/0'] } })).not.toEqual([])
  })
  test('to send cookies over the network in the clear, and to believe what comes back, is at least worth a warning', () => {
    expect(problemsOf({ callers: { forwardAuth: { url: 'http://backend.example.com/me' } } })).not.toEqual([])
  })
  test('two issuers that may both speak for every user and team are at least worth a warning', () => {
    const jwt = (name: string) => ({
      issuer: `https://${name}/`,
      audience: 'x',
      jwks: `https://${name}/jwks`,
      algorithms: ['RS256'],
      claims: { team: 'org' },
    })
    expect(problemsOf({ callers: { jwt: [jwt('a.example'), jwt('b.example')] } })).not.toEqual([])
  })
})

describe('the memory store', () => {
  test('forgets revocations that are over', async () => {
    const store = createMemoryStore()
    for (let index = 0; index < 1000; index += 1)
      await store.revocations.append({ kind: 'id', name: `s${index}`, at: 1, until: Date.now() - 1 })
    expect((await store.revocations.after()).items.length).toBeLessThan(1000)
  })
})

describe('the embedded store', () => {
  let cwd: string
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'postern-review-store-'))
  })
  afterAll(() => rmSync(cwd, { recursive: true }))

  test('one call that it cannot serve does no harm to later ones', async () => {
    const store = openStore({ sqlite: join(cwd, 'h3.db'), owner: true })
    await expect(store.seen.add('endless', Infinity)).rejects.toThrow()
    await expect(store.seen.add('usual', Date.now() + 1000)).resolves.toBe(true)
    await store.close()
  })

  test('a revocation ends whom it names, and not who is called like the first part', async () => {
    const store = openStore({ sqlite: join(cwd, 'h4.db'), owner: true })
    const until = Date.now() + 60_000
    await store.revocations.append({ kind: 'user', name: 'ada\u0000x', at: 1, until }).catch(() => {})
    expect((await store.revocations.after()).items.map(({ name }) => name)).not.toContain('ada')
    await store.close()
  })
})
