import { hash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Emulator, issueKey, startEmulator, USUAL_MODELS } from '@postern/emulator'
import { createSessionMinter } from '@postern/server'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProver } from '../support/prover.js'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'
import { rawExchange } from '../support/raw-exchange.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

const key = issueKey('joytoken')
const env = {
  KEY: key.secret,
  SESSION: randomBytes(32).toString('base64url'),
  ADMIN: randomBytes(24).toString('base64url'),
}
const minter = createSessionMinter({ secret: env.SESSION })
const running: RunningPostern[] = []

let cwd: string
let emulator: Emulator
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-sessions-'))
  emulator = await startEmulator('joytoken', { keys: [key] })
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

/** Writes a configuration under a name of its own and gives the file. */
function configure(name: string, further: object): string {
  const file = join(cwd, `${name}.json`)
  const config = {
    version: 1,
    listen: { port: 0 },
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    ...further,
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

async function start(file: string): Promise<{ readonly postern: RunningPostern; readonly url: string }> {
  const postern = startPostern(['start', '--config', file], { cwd, env })
  running.push(postern)
  const [, url = ''] = await postern.prints(/"url":"([^"]+)"/)
  return { postern, url }
}

async function stop({ child, finished }: RunningPostern): Promise<void> {
  child.kill('SIGTERM')
  await finished
}

async function call(url: string, headers: Readonly<Record<string, string>>): Promise<readonly [number, string | null]> {
  const answer = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: USUAL_MODELS.joytoken, messages: [{ role: 'user', content: 'Hello' }] }),
  })
  await answer.arrayBuffer()
  return [answer.status, answer.headers.get('postern-refusal')]
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('postern session revoke', () => {
  test('ends what it names in a running process within a second, and for good', async () => {
    const file = configure('revoke', { store: { sqlite: './revoke.db' } })
    const { postern, url } = await start(file)
    const [ada, bob, later] = await Promise.all(['ada', 'bob', 'cyd'].map(async (user) => minter.mint({ user, team: 'acme' })))
    for (const session of [ada, bob, later]) expect(await call(url, bearer(session?.token ?? ''))).toEqual([200, null])

    const done = await runPostern(['session', 'revoke', '--config', file, '--user', 'ada'], { cwd, env })
    const doneAt = Date.now()
    expect([done.code, done.stdout]).toEqual([
      0,
      'Ended: every session of the user ada. Every process that uses this store refuses them within a second.\n',
    ])
    expect(JSON.parse(done.stderr)).toMatchObject({
      msg: 'session_ended',
      kind: 'user',
      name: 'ada',
      via: 'command',
      by: expect.stringMatching(/./),
    })
    const byId = await runInProcess(['session', 'revoke', '--config', file, '--id', bob?.id ?? '', '--json'], { cwd, env })
    expect(JSON.parse(byId.stdout)).toEqual({ revoked: { id: bob?.id } })
    await sleep(1000)
    expect(await call(url, bearer(ada?.token ?? ''))).toEqual([401, 'caller_revoked'])
    expect(await call(url, bearer(bob?.token ?? ''))).toEqual([401, 'caller_revoked'])
    expect(await call(url, bearer(later?.token ?? ''))).toEqual([200, null])

    postern.child.kill('SIGKILL')
    await postern.finished
    const { url: again } = await start(file)
    expect(await call(again, bearer(ada?.token ?? ''))).toEqual([401, 'caller_revoked'])
    // Clocks of minters may be five seconds ahead, and a token says whole seconds, so what is minted until then is over too.
    await sleep((Math.ceil(doneAt / 1000) + 6) * 1000 - Date.now() + 100)
    expect(await call(again, bearer((await minter.mint({ user: 'ada', team: 'acme' })).token))).toEqual([200, null])
    const team = await runInProcess(['session', 'revoke', '--config', file, '--team', 'acme'], { cwd, env })
    expect(team.code).toBe(0)
    await sleep(1000)
    expect(await call(again, bearer(later?.token ?? ''))).toEqual([401, 'caller_revoked'])
  }, 60_000)

  test.each<[why: string, further: object, args: readonly string[], stderr: RegExp]>([
    ['nothing is named', {}, [], /Say what to end/],
    ['two things are named', {}, ['--user', 'a', '--team', 'b'], /one of them/],
    ['no other process can see it', { store: { memory: true } }, ['--user', 'a'], /POST \/admin\/v1\/revocations/],
    [
      'no process has served from the store',
      { store: { sqlite: './unserved.db' } },
      ['--id', 'a'],
      /Nothing was ended: the store .*unserved\.db does not exist/,
    ],
    ['the store is not there', { store: { redis: 'redis://127.0.0.1:1' } }, ['--user', 'a'], /Nothing was ended: Redis cannot be used/],
  ])('says so where %s', async (why, further, args, stderr) => {
    const { code, stderr: said } = await runInProcess(['session', 'revoke', '--config', configure(`not-${why.length}`, further), ...args], {
      cwd,
      env,
    })
    expect(code).toBe(1)
    expect(said).toMatch(stderr)
    expect(existsSync(join(cwd, 'unserved.db'))).toBe(false)
  })
})

describe('postern session mint', () => {
  test('binds a token to a number of calls and to a key, and refuses what neither can be', async () => {
    const file = configure('mint', { store: { memory: true } })
    const mint = (...args: readonly string[]) =>
      runInProcess(['session', 'mint', '--config', file, '--team', 'acme', ...args], { cwd, env })
    const jkt = 'A'.repeat(43)
    const { code, stdout } = await mint('--max-calls', '20', '--jkt', jkt)
    expect(code).toBe(0)
    expect(decodeJwt(stdout.trim())).toMatchObject({ team: 'acme', max_calls: 20, cnf: { jkt } })
    for (const wrong of [
      ['--max-calls', 'many'],
      ['--jkt', 'short'],
    ]) {
      const refused = await mint(...wrong)
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/"(?:maxCalls|jkt)" is /)])
    }
  })
})

describe('the embedded store', () => {
  test('is the default of the sidecar and not of the middleware, which revoke says where none is written', async () => {
    const file = configure('unwritten', {})
    await stop((await start(file)).postern)
    const { stdout } = await runInProcess(['session', 'revoke', '--config', file, '--id', 'one'], { cwd, env })
    expect(stdout).toBe(
      'Ended: the session one. Every process that uses this store refuses it within a second.\nThe configuration names no store, so this is the file that the sidecar uses. The Express middleware then remembers in its own memory, unless it was given a store: there the sessions go on.\n',
    )
  })

  test('is a file beside the configuration, of one process: a second one does not start, and is told what to configure', async () => {
    // The second process waits for the deadline of a shutdown and five seconds more.
    const file = configure('embedded', { store: { sqlite: './embedded.db' }, shutdown: { deadline: '10ms' } })
    const { postern } = await start(file)
    const second = await runPostern(['start', '--config', file], { cwd, env })
    expect(second.code).toBe(1)
    expect(second.stderr).toContain('store: { redis:')
    await stop(postern)
    const { postern: third } = await start(file)
    await stop(third)
  }, 60_000)

  test('is lost where its files are moved away: every session is refused, no end of one is promised, and the log says so once', async () => {
    const file = configure('lost', { store: { sqlite: './lost.db' } })
    const { postern, url } = await start(file)
    const { token } = await minter.mint({ user: 'ada', team: 'acme' })
    const { token: counted } = await minter.mint({ team: 'acme', maxCalls: 1 })
    const end = () => fetch(url.replace('/v1', '/session'), { method: 'DELETE', headers: bearer(token) })
    expect(await call(url, bearer(token))).toEqual([200, null])
    const files = readdirSync(cwd).filter((name) => name.startsWith('lost.db'))
    for (const name of files) renameSync(join(cwd, name), join(cwd, `away-${name}`))

    const done = await runInProcess(['session', 'revoke', '--config', file, '--user', 'ada'], { cwd, env })
    expect([done.code, done.stdout]).toEqual([1, ''])
    expect(done.stderr).toMatch(/Nothing was ended: the store .*lost\.db does not exist/)
    expect((await end()).status).toBe(503)
    await sleep(1000)
    expect(await call(url, bearer(token))).toEqual([503, 'store_unavailable'])
    expect(await call(url, bearer(counted))).toEqual([503, 'store_unavailable'])
    await postern.prints(/"msg":"store_lost"/)

    const { postern: second, url: other } = await start(file)
    expect(await call(other, bearer(counted))).toEqual([200, null])
    expect(await call(url, bearer(counted))).toEqual([503, 'store_unavailable'])
    await stop(second)
    for (const name of readdirSync(cwd).filter((one) => one.startsWith('lost.db'))) rmSync(join(cwd, name))
    for (const name of files) renameSync(join(cwd, `away-${name}`), join(cwd, name))
    await sleep(300)
    expect((await end()).status).toBe(204)
    expect(await call(url, bearer(token))).toEqual([401, 'caller_revoked'])
    await stop(postern)
    expect(postern.stdout().match(/"msg":"store_lost"/g)).toHaveLength(1)
  }, 60_000)

  test('is not for several replicas', async () => {
    const { code, stderr } = await runPostern(['start', '--config', configure('replicas', { replicas: 2 })], { cwd, env })
    expect(code).toBe(1)
    expect(stderr).toContain('replicas')
    expect(stderr).toContain('store: { redis: { env: REDIS_URL } }')
  })
})

describe('the admin listener', () => {
  interface Answered {
    readonly status: number | undefined
    readonly headers: Readonly<Record<string, unknown>>
    readonly body: { readonly token: string; readonly id: string; readonly error?: { readonly code: string } }
  }
  const ask = (where: object, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const asked = request({ ...where, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers } }, (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: JSON.parse(text) as Answered['body'] }))
      })
      asked.on('error', reject)
      asked.end(typeof body === 'string' ? body : JSON.stringify(body))
    })

  test('on a socket, gives sessions to a backend in any language, and ends them', async () => {
    const { postern, url } = await start(configure('socket', { admin: { socket: './admin.sock' }, store: { memory: true } }))
    const socket = { socketPath: join(cwd, 'admin.sock') }
    const minted = await ask(socket, '/admin/v1/sessions', { user: 'ada', team: 'acme', max_calls: 3, ttl: '5m' })
    expect(minted.status).toBe(201)
    expect(minted.headers['cache-control']).toBe('no-store')
    const { token, id, expires_at, expires_in } = minted.body as typeof minted.body & {
      readonly expires_at: number
      readonly expires_in: number
    }
    expect(expires_in).toBeLessThanOrEqual(300)
    expect(expires_at - expires_in).toBeLessThanOrEqual(Date.now() / 1000)
    expect(await call(url, bearer(token))).toEqual([200, null])
    expect((await ask(socket, '/admin/v1/revocations', { id })).status).toBe(201)
    expect(await call(url, bearer(token))).toEqual([401, 'caller_revoked'])
    await stop(postern)
    const entries = postern
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(entries).toContainEqual(
      expect.objectContaining({ path: '/admin/v1/sessions', status: 201, user: 'ada', caller: `session:${id}` }),
    )
    expect(entries).toContainEqual(expect.objectContaining({ path: '/admin/v1/revocations', status: 201 }))
    expect(entries).toContainEqual(expect.objectContaining({ msg: 'session_ended', kind: 'id', name: id, via: 'admin', by: 'admin' }))
    expect(postern.stdout()).not.toContain(token)
  })

  test('on a port, asks for its secret, and never speaks to a page', async () => {
    const { postern, url } = await start(configure('port', { admin: { port: 0, secret: { env: 'ADMIN' } }, store: { memory: true } }))
    const [, admin = ''] = await postern.prints(/"admin":"([^"]+)"/)
    const { hostname: host, port } = new URL(admin)
    const asked = (body: unknown, headers: Readonly<Record<string, string>>): Promise<Answered> =>
      ask({ host, port }, '/admin/v1/sessions', body, headers)
    const right = { authorization: `Bearer ${env.ADMIN}` }
    expect((await asked({ team: 'acme' }, right)).status).toBe(201)
    const refused: [body: unknown, headers: Readonly<Record<string, string>>, status: number, code: string][] = [
      [{ team: 'acme' }, {}, 401, 'caller_missing'],
      [{ team: 'acme' }, { authorization: 'Bearer wrong' }, 401, 'caller_invalid'],
      [{ team: 'acme' }, { authorization: `Basic ${env.ADMIN}` }, 401, 'caller_invalid'],
      [{ team: 'acme' }, { ...right, origin: 'http://127.0.0.1' }, 403, 'cross_site_refused'],
      [{ team: 'acme' }, { ...right, 'sec-fetch-site': 'same-origin' }, 403, 'cross_site_refused'],
      [{}, right, 400, 'request_malformed'],
      [{ team: 'acme', spend: 7 }, right, 400, 'request_malformed'],
      [{ team: 'acme', maxCalls: 1, max_calls: 500 }, right, 400, 'request_malformed'],
      [{ team: 'acme', max_tokens: 1, maxTokens: 500 }, right, 400, 'request_malformed'],
      [{ team: 'acme', ttl: '3d' }, right, 400, 'request_malformed'],
      ['{', right, 400, 'request_malformed'],
      [[], right, 400, 'request_malformed'],
      [{ team: 'x'.repeat(20_000) }, right, 413, 'body_too_large'],
    ]
    for (const [body, headers, status, code] of refused) {
      const answer = await asked(body, headers)
      expect([answer.status, answer.body.error?.code]).toEqual([status, code])
      expect(answer.headers['x-request-id']).toBeDefined()
    }
    const pipelined = await rawExchange(
      admin,
      'GET /alive HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n',
    )
    expect(pipelined.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200'])
    for (const path of ['/ADMIN/v1/sessions', '/admin/v1/Sessions', '/admin/v1/sessions/', '/admin//v1/sessions'])
      expect((await ask({ host, port }, path, { team: 'acme' }, right)).status).toBe(404)
    expect((await fetch(url.replace('/ai/v1', '/admin/v1/sessions'), { method: 'POST', headers: right })).status).toBe(404)
    await stop(postern)
  })

  test('on a port without a secret, gives nothing to anybody', async () => {
    const { postern } = await start(configure('open', { admin: { port: 0 }, store: { memory: true } }))
    const [, admin = ''] = await postern.prints(/"admin":"([^"]+)"/)
    const { hostname: host, port } = new URL(admin)
    const answer = await ask({ host, port }, '/admin/v1/sessions', { team: 'acme' })
    expect([answer.status, answer.body.error?.code]).toEqual([401, 'caller_missing'])
    await stop(postern)
  })
})

describe.skipIf(findProgram('redis-server') === undefined)('two replicas of one Redis', () => {
  let redis: RedisServer
  let urls: readonly string[]
  let file: string
  beforeAll(async () => {
    redis = await prepareRedis({ password: hash('sha256', 'of this test') })
    await redis.start()
    Object.assign(env, { REDIS_URL: redis.url })
    file = configure('shared', { replicas: 2, store: { redis: { env: 'REDIS_URL' } } })
    urls = (await Promise.all([start(file), start(file)])).map(({ url }) => url)
  })
  afterAll(() => redis.close())

  test('know within a second what one of them, or the command, has ended', async () => {
    const { token, id } = await minter.mint({ team: 'acme' })
    for (const url of urls) expect(await call(url, bearer(token))).toEqual([200, null])
    expect((await runPostern(['session', 'revoke', '--config', file, '--id', id], { cwd, env })).code).toBe(0)
    await sleep(1000)
    for (const url of urls) expect(await call(url, bearer(token))).toEqual([401, 'caller_revoked'])
    const other = await minter.mint({ team: 'acme' })
    for (const url of urls) expect(await call(url, bearer(other.token))).toEqual([200, null])
    await fetch((urls[0] as string).replace('/v1', '/session'), { method: 'DELETE', headers: bearer(other.token) })
    await sleep(1000)
    for (const url of urls) expect(await call(url, bearer(other.token))).toEqual([401, 'caller_revoked'])
  })

  test('count the calls of a session together', async () => {
    const { token } = await minter.mint({ team: 'acme', maxCalls: 7 })
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => call(urls[index % 2] as string, bearer(token))))
    expect(answers.filter(([status]) => status === 200)).toHaveLength(7)
    expect(answers.filter(([, code]) => code === 'budget_exhausted')).toHaveLength(13)
  })

  test('refuse a proof that the other has seen', async () => {
    const prover = await createProver()
    const { token } = await minter.mint({ team: 'acme', jkt: prover.jkt })
    // Both are called the same by their browser, behind one address; here the proof says so.
    const [one, other] = urls as [string, string]
    const host = new URL(one).host
    const dpop = await prover.prove('POST', `${one}/chat/completions`, token)
    const send = (url: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const { hostname, port, pathname } = new URL(`${url}/chat/completions`)
        const headers = { host, authorization: `DPoP ${token}`, dpop, 'content-type': 'application/json' }
        const asked = request({ hostname, port, path: pathname, method: 'POST', headers }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        asked.on('error', reject)
        asked.end(JSON.stringify({ model: USUAL_MODELS.joytoken, messages: [{ role: 'user', content: 'Hello' }] }))
      })
    expect(await send(one)).toBe(200)
    expect(await send(other)).toBe(401)
  })
})
