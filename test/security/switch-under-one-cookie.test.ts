import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkConfig } from '@postern/config'
import { createMemoryStore } from '@postern/ports'
import { type EmulatedKey, type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { createRuntime, posternMiddleware } from '@postern/express'
import express from 'express'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { doorNames, type House, listenAnywhere, openHouse } from '../support/house.js'
import { createMemoryLedger } from '../support/memory-ledger.js'
import { findProgram } from '../support/programs.js'
import { rawConnection } from '../support/raw-connection.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'
import { startSwitchingBackend, type SwitchingBackend } from '../support/switching-backend.js'

let backend: SwitchingBackend
let emulator: Emulator
let keys: Readonly<Record<'ACME' | 'GLOBEX', EmulatedKey>>
let cwd: string
const running: RunningPostern[] = []
beforeAll(async () => {
  backend = await startSwitchingBackend()
  keys = { ACME: issueKey('joytoken'), GLOBEX: issueKey('joytoken') }
  emulator = await startEmulator('joytoken', { keys: Object.values(keys) })
  cwd = mkdtempSync(join(tmpdir(), 'postern-switch-'))
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await backend.stop()
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

const config = (forwardAuth: object, further: object = {}) => ({
  version: 1 as const,
  listen: { port: 0 },
  backend: { url: backend.origin },
  gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL, addressLimit: 'off' as const } },
  keys: { acme: { gateway: 'main', secret: { env: 'ACME' } }, globex: { gateway: 'main', secret: { env: 'GLOBEX' } } },
  bindings: [
    { team: 'acme', key: 'acme' },
    { team: 'globex', key: 'globex' },
  ],
  callers: { forwardAuth: { url: backend.url, ...forwardAuth } },
  store: { memory: true as const },
  failedAuthentication: { limit: 10_000 },
  ...further,
})
const env = (): Record<string, string> => ({ ACME: keys.ACME.secret, GLOBEX: keys.GLOBEX.secret })

async function start(forwardAuth: object, further: object = {}, environment: Record<string, string> = {}): Promise<string> {
  const file = join(cwd, `${randomUUID()}.json`)
  writeFileSync(file, JSON.stringify(config(forwardAuth, further)))
  const postern = startPostern(['start', '--config', file], { cwd, env: { ...env(), ...environment } })
  running.push(postern)
  const [, url = ''] = await postern.prints(/"url":"([^"]+)"/)
  return new URL(url).origin
}

/** Whose key pays for a call with this cookie; the status where nobody's does. */
async function payer(origin: string, cookie: string): Promise<string> {
  const answer = await fetch(`${origin}/ai/v1/models`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } })
  await answer.arrayBuffer()
  const { key } = JSON.parse(answer.headers.get('postern-governance') ?? '{}') as { readonly key?: string }
  return answer.status === 200 ? (key ?? '') : String(answer.status)
}

/** A browser that is signed in for acme, and known to be. */
async function known(origin: string, further = ''): Promise<{ readonly sid: string; readonly cookie: string }> {
  const sid = randomUUID()
  backend.become(sid, 'acme')
  const cookie = `theme=dark; sid=${sid}${further}`
  expect(await payer(origin, cookie)).toBe('acme')
  return { sid, cookie }
}

const bodies = { small: 'a=b', large: 'x'.repeat(100_000) }

/** What a browser may send that makes a cookie somebody else's, over every road to the backend. */
const switches: readonly (readonly [what: string, send: (origin: string, cookie: string) => Promise<unknown>])[] = [
  ...['POST', 'PUT', 'PATCH', 'DELETE'].flatMap((method) => [
    [
      `${method} with a small body`,
      (origin: string, cookie: string) => ask(origin, cookie, '/globex', { method, body: bodies.small }),
    ] as const,
    [
      `${method} with a large body`,
      (origin: string, cookie: string) => ask(origin, cookie, '/globex', { method, body: bodies.large }),
    ] as const,
    [`${method} without a body`, (origin: string, cookie: string) => ask(origin, cookie, '/globex', { method })] as const,
  ]),
  ['POST in chunks', (origin, cookie) => raw(origin, cookie, 'POST /globex', ['Transfer-Encoding: chunked'], '3\r\na=b\r\n0\r\n\r\n')],
  ['MKCOL', (origin, cookie) => raw(origin, cookie, 'MKCOL /globex')],
  ['LOCK', (origin, cookie) => raw(origin, cookie, 'LOCK /globex')],
  ['PURGE', (origin, cookie) => raw(origin, cookie, 'PURGE /globex')],
  ['POST of HTTP/1.0', (origin, cookie) => raw(origin, cookie, 'POST /globex', ['Content-Length: 3'], 'a=b', '1.0')],
  ['POST to a whole URL', (origin, cookie) => raw(origin, cookie, 'POST http://x/globex', ['Content-Length: 3'], 'a=b')],
  [
    'GET that sets the cookie anew',
    (origin, cookie) => ask(origin, cookie, `/globex?set=${encodeURIComponent(cookie.split('; ')[1] ?? '')}`),
  ],
  ['GET that sets another cookie', (origin, cookie) => ask(origin, cookie, '/globex?set=csrf%3D1')],
  ['GET with a body that sets a cookie', (origin, cookie) => raw(origin, cookie, 'GET /globex?set=a%3D1', ['Content-Length: 3'], 'a=b')],
  ['HEAD that sets a cookie', (origin, cookie) => ask(origin, cookie, '/globex?set=a%3D1', { method: 'HEAD' })],
  ['OPTIONS that sets a cookie', (origin, cookie) => ask(origin, cookie, '/globex?set=a%3D1', { method: 'OPTIONS' })],
  ['a WebSocket whose agreement sets a cookie', (origin, cookie) => raw(origin, cookie, 'GET /globex?set=a%3D1', upgrade)],
  ['a WebSocket whose refusal sets a cookie', (origin, cookie) => raw(origin, cookie, 'GET /globex?refuse&set=a%3D1', upgrade)],
]
const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']

async function ask(origin: string, cookie: string, path: string, init: RequestInit = {}): Promise<void> {
  const answer = await fetch(origin + path, { ...init, headers: { cookie } })
  expect(answer.status).toBe(200)
  await answer.arrayBuffer()
}

async function raw(origin: string, cookie: string, line: string, lines: readonly string[] = [], body = '', version = '1.1'): Promise<void> {
  const text = [`${line} HTTP/${version}`, 'Host: x', `Cookie: ${cookie}`, ...lines, '', body].join('\r\n')
  const { statuses } = await rawConnection(origin, text)
  expect([101, 200, 403]).toContain(statuses[0])
}

/** So many cookies, each another. */
function many(count: number, name?: string): string {
  return Array.from({ length: count }, (_, index) => `${name ?? `n${index}`}=${index}`).join('; ')
}

describe.each([
  ['every cookie may say it', { cache: '1m' }],
  ['one cookie says it', { cache: '1m', cookies: ['sid'] }],
])('a process that asks the backend, where %s', (_, forwardAuth) => {
  let origin: string
  beforeAll(async () => {
    origin = await start(forwardAuth)
  })

  test.each(switches)('the new team pays after %s', async (_what, send) => {
    const { cookie } = await known(origin)
    await send(origin, cookie)
    expect(await payer(origin, cookie)).toBe('globex')
  })

  test('the team that was before pays as long as nothing is seen to change', async () => {
    const { cookie } = await known(origin)
    const before = backend.asked()
    for (const path of ['/acme', '/acme?x=y']) await ask(origin, cookie, path)
    expect(await payer(origin, cookie)).toBe('acme')
    expect(backend.asked()).toBe(before)
  })

  test('a change that takes effect only behind its answer’s head is seen at its end', async () => {
    const { cookie } = await known(origin)
    await ask(origin, cookie, '/globex?when=end', { method: 'POST' })
    expect(await payer(origin, cookie)).toBe('globex')
  })

  test('what is heard while a change is under way is not believed after it', async () => {
    const { cookie } = await known(origin)
    const release = backend.holdChanges()
    const change = ask(origin, cookie, '/globex', { method: 'POST', body: 'a=b' })
    await sleep(100)
    expect(await payer(origin, cookie)).toBe('acme')
    release()
    await change
    expect(await payer(origin, cookie)).toBe('globex')
  })

  test('what was asked before a change, and is heard after it, is for who had asked: nobody joins in, and it is not remembered', async () => {
    const { cookie } = await known(origin)
    await ask(origin, cookie, '/acme', { method: 'POST' })
    const release = backend.hold()
    const before = backend.asked()
    const early = payer(origin, cookie)
    while (backend.asked() === before) await sleep(5)
    await ask(origin, cookie, '/globex', { method: 'POST' })
    const late = payer(origin, cookie)
    while (backend.asked() === before + 1) await sleep(5)
    release()
    expect(await Promise.all([early, late, late])).toEqual(['acme', 'globex', 'globex'])
    expect([await payer(origin, cookie), backend.asked() - before]).toEqual(['globex', 2])
  })

  test('who is signed out by a request is nobody at once, and somebody again at once', async () => {
    const { sid, cookie } = await known(origin)
    backend.become(sid, undefined)
    await ask(origin, 'other=1', '/x')
    expect(await payer(origin, cookie)).toBe('acme')
    await fetch(`${origin}/`, { method: 'POST', headers: { cookie } })
    backend.become(sid, undefined)
    await fetch(`${origin}/api/me`, { method: 'POST', headers: { cookie } })
    expect(await payer(origin, cookie)).toBe('401')
    await ask(origin, cookie, '/globex', { method: 'POST' })
    expect(await payer(origin, cookie)).toBe('globex')
  })

  test.each([
    ['in quotes', (sid: string) => `sid="${sid}"`],
    ['percent-encoded', (sid: string) => `sid=${sid.replace('-', '%2D')}`],
    ['among others', (sid: string) => `a=b;sid=${sid};  c=d`],
    ['among more than a browser has', (sid: string) => `${'x=1; '.repeat(200)}sid=${sid}`],
    ['behind many that differ', (sid: string) => `${many(300)}; sid=${sid}`],
    ['with a blank before its sign', (sid: string) => `sid =${sid}`],
    ['with blanks around its sign', (sid: string) => `a=b; \tsid\t = ${sid} `],
    ['under a name in quotes', (sid: string) => `"sid"="${sid}"`],
    ['under a name that is percent-encoded', (sid: string) => `%73id=${sid}`],
    ['behind a comma', (sid: string) => `a=b, sid=${sid}`],
    ['before a comma', (sid: string) => `sid=${sid},a=b; c=d`],
    ['in quotes, between commas', (sid: string) => `a="b", sid="${sid}" , c="d"`],
  ])('the cookie is the same one where it is written %s', async (_what, write) => {
    const { sid, cookie } = await known(origin)
    await fetch(`${origin}/x`, { method: 'POST', headers: { cookie: write(sid) } })
    backend.become(sid, 'globex')
    expect(await payer(origin, cookie)).toBe('globex')
  })

  test.each([
    ['many cookies', () => many(66)],
    ['the same nameless cookie many times', () => 'a; '.repeat(66)],
    ['as many as a head holds', () => many(1500)],
    ['many of the name that counts', () => Array.from({ length: 300 }, (_, index) => `sid=${index}`).join('; ')],
    ['the name that counts without a value', () => 'sid=; sid; sid=""; sid = ; =; ;;; ,,,'],
    ['a huge cookie', () => `sid=${'x'.repeat(12_000)}`],
    ['nothing but separators', () => ';,= '.repeat(3000)],
    ['percent signs', () => `sid=${'%'.repeat(5000)}; %=%; %zz=%zz`],
  ])('a stranger who sends %s costs nobody else a question', async (_what, write) => {
    const people = [await known(origin), await known(origin)]
    const before = backend.asked()
    await fetch(`${origin}/x`, { method: 'POST', headers: { cookie: write() } })
    await ask(origin, write(), '/x?set=csrf%3D1')
    expect([await payer(origin, people[0]?.cookie ?? ''), await payer(origin, people[1]?.cookie ?? '')]).toEqual(['acme', 'acme'])
    expect(backend.asked()).toBe(before)
  })

  test('a head with more cookies that count than are kept track of is asked about each time', async () => {
    const { sid, cookie } = await known(origin, `; ${many(66, 'sid')}`)
    const before = backend.asked()
    expect([await payer(origin, cookie), await payer(origin, cookie), backend.asked() - before]).toEqual(['acme', 'acme', 2])
    backend.become(sid, 'globex')
    expect(await payer(origin, cookie)).toBe('globex')
  })

  test('a cookie that is set for somebody is known for nobody else, whatever cookie the request had', async () => {
    const { sid, cookie } = await known(origin)
    await ask(origin, 'sid=another', `/x?set=${encodeURIComponent(`sid=${sid}`)}`)
    backend.become(sid, 'globex')
    expect(await payer(origin, cookie)).toBe('globex')
  })
})

test('a cookie under a name that servers read differently is not the one that is named', async () => {
  const origin = await start({ cookies: ['sid'] })
  const { sid } = await known(origin)
  for (const cookie of [`sid =${sid}`, `"sid"=${sid}`, `%73id=${sid}`, `a=b, sid=${sid}`, `SID=${sid}`])
    expect(await payer(origin, cookie)).toBe('401')
})

test('other people’s cookies are not asked about again because of one who changes', async () => {
  const origin = await start({ cache: '1m', cookies: ['sid'] })
  const people = await Promise.all(Array.from({ length: 5 }, () => known(origin)))
  const before = backend.asked()
  await ask(origin, people[0]?.cookie ?? '', '/globex', { method: 'POST' })
  const payers = await Promise.all(people.map(({ cookie }) => payer(origin, cookie)))
  expect([payers, backend.asked() - before]).toEqual([['globex', 'acme', 'acme', 'acme', 'acme'], 1])
})

describe.each([
  ['every cookie may say it', { cache: '1m' }],
  ['one cookie says it', { cache: '1m', cookies: ['sid'] }],
])('a change whose end nobody sees, where %s', (_, forwardAuth) => {
  let origin: string
  beforeAll(async () => {
    origin = await start(forwardAuth, { backend: { url: backend.origin, timeouts: { headers: '1500ms' } } })
  })

  test.each([
    ['its client leaves', (cookie: string) => leave(cookie, { method: 'POST', body: bodies.small })],
    ['its client leaves that sent much', (cookie: string) => leave(cookie, { method: 'PUT', body: bodies.large })],
    ['its client leaves that sent nothing', (cookie: string) => leave(cookie, { method: 'DELETE' })],
    [
      'the backend is no longer waited for',
      async (cookie: string) => {
        const answer = await fetch(`${origin}/globex`, { method: 'POST', headers: { cookie } })
        expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([504, 'backend_timeout'])
      },
    ],
  ])('a change that comes to its end after %s is seen all the same', async (_what, abandon) => {
    const { cookie } = await known(origin)
    const release = backend.holdChanges()
    await abandon(cookie)
    expect([await payer(origin, cookie), await payer(origin, cookie)]).toEqual(['acme', 'acme'])
    release()
    expect(await payer(origin, cookie)).toBe('globex')
  })

  async function leave(cookie: string, init: RequestInit, at = origin): Promise<void> {
    const left = new AbortController()
    const before = backend.came()
    const change = fetch(`${at}/globex`, { ...init, headers: { cookie }, signal: left.signal })
    while (backend.came() === before) await sleep(5)
    await sleep(200)
    left.abort()
    await expect(change).rejects.toThrow()
  }

  /** Waits until Postern knows that the client has left: from then on it remembers nothing of the cookie that only that one has. */
  async function untilLeft(at: string, cookie: string): Promise<void> {
    const questions = async (): Promise<number> => {
      const before = backend.asked()
      await payer(at, cookie)
      await payer(at, cookie)
      return backend.asked() - before
    }
    await expect.poll(questions, { timeout: 10_000 }).toBe(2)
  }

  test('costs a stranger no question who has a cookie in common with two others', async () => {
    const quiet = await start(forwardAuth)
    const people = [await known(quiet), await known(quiet)]
    const release = backend.holdChanges()
    await leave('theme=dark; sid=none', { method: 'POST' }, quiet)
    await untilLeft(quiet, 'sid=none')
    release()
    const before = backend.asked()
    for (const { cookie } of people) for (let time = 0; time < 3; time += 1) expect(await payer(quiet, cookie)).toBe('acme')
    expect(backend.asked() - before).toBeLessThanOrEqual(2)
  })
})

describe('where nothing is written of a cache', () => {
  test('one process goes by what it heard for a second, and not for five', async () => {
    const origin = await start({})
    const { sid, cookie } = await known(origin)
    backend.become(sid, 'globex')
    await sleep(1200)
    expect(await payer(origin, cookie)).toBe('globex')
  })

  describe.skipIf(findProgram('redis-server') === undefined)('two processes', () => {
    let redis: RedisServer
    let origins: readonly [string, string]
    beforeAll(async () => {
      redis = await prepareRedis()
      await redis.start()
      const replicas = { replicas: 2, store: { redis: redis.url } }
      origins = [await start({}, replicas), await start({}, replicas)]
    })
    afterAll(() => redis.close())

    test.each(switches)('the new team pays at each of them after %s at one', async (_, send) => {
      const [one, other] = origins
      const { cookie } = await known(one)
      expect(await payer(other, cookie)).toBe('acme')
      await send(one, cookie)
      expect([await payer(other, cookie), await payer(one, cookie)]).toEqual(['globex', 'globex'])
    })

    test('a call that comes after the change joins no question that was asked before it, at whichever process', async () => {
      const [one, other] = origins
      const { cookie } = await known(one)
      const release = backend.hold()
      const before = backend.asked()
      const early = payer(other, cookie)
      while (backend.asked() === before) await sleep(5)
      await ask(one, cookie, '/globex', { method: 'POST' })
      const late = [payer(other, cookie), payer(other, cookie), payer(other, cookie)]
      await sleep(200)
      release()
      expect(await Promise.all([early, ...late])).toEqual(['acme', 'globex', 'globex', 'globex'])
      // Those who waited for the same answer had one together.
      expect(backend.asked() - before).toBeLessThan(4)
    })

    test('who signs out at one is nobody at the other, and who signs in is somebody', async () => {
      const [one, other] = origins
      const { sid, cookie } = await known(one)
      backend.become(sid, undefined)
      expect(await payer(other, cookie)).toBe('401')
      await ask(one, cookie, '/globex', { method: 'POST' })
      expect([await payer(other, cookie), await payer(one, cookie)]).toEqual(['globex', 'globex'])
    })
  })

  test('a cache that is written for several processes is warned of', () => {
    const problemsOf = (cache: string | undefined, replicas: number) =>
      checkConfig(config(cache === undefined ? {} : { cache }, { replicas, store: { redis: 'redis://127.0.0.1:6379' } }), {
        env: env(),
        directory: '/',
      }).problems.map(({ path, severity }) => [path, severity])
    expect(problemsOf('1s', 2)).toContainEqual(['callers.forwardAuth.cache', 'warning'])
    for (const [cache, replicas] of [
      ['0s', 2],
      [undefined, 2],
      ['1s', 1],
    ] as const)
      expect(problemsOf(cache, replicas)).not.toContainEqual(['callers.forwardAuth.cache', 'warning'])
  })
})

describe.each(doorNames)('without a process in front of the backend, behind the %s door', (door) => {
  let house: House
  let origin: string
  beforeEach(async () => {
    house = await openHouse({ door, callers: { forwardAuth: { url: backend.url } } })
    ;({ origin } = house)
  })

  test('what was heard is believed for a second at most', async () => {
    const { sid, cookie } = await known(origin)
    backend.become(sid, 'globex')
    await sleep(1200)
    expect(await payer(origin, cookie)).toBe('globex')
    await house.close()
  })
})

test('an Express application that Postern is inside of says when a cookie is somebody else’s', async () => {
  const { checked } = checkConfig(config({ cache: '1m', cookies: ['sid'] }), { env: env(), directory: '/' })
  const runtime = createRuntime(checked as NonNullable<typeof checked>, { ledger: createMemoryLedger(), store: createMemoryStore() })
  const middleware = posternMiddleware(runtime)
  const app = express()
  app.use('/ai', middleware)
  app.post('/switch/:sid/:team', (request, response) => {
    backend.become(request.params.sid, request.params.team)
    middleware.forget(request)
    response.sendStatus(204)
  })
  const server = createServer(app)
  const origin = await listenAnywhere(server)
  try {
    const { sid, cookie } = await known(origin)
    await fetch(`${origin}/switch/${sid}/globex`, { method: 'POST', headers: { cookie } })
    expect(await payer(origin, cookie)).toBe('globex')
    await fetch(`${origin}/switch/${sid}/acme`, { method: 'POST' })
    expect(await payer(origin, cookie)).toBe('globex')
  } finally {
    server.closeAllConnections()
    server.close()
    await middleware.close()
  }
})
