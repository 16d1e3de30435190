import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator, USUAL_MODELS } from '@postern/emulator'
import {
  type AdminClient,
  createAdminClient,
  createSessionMinter,
  type MintRequest,
  PosternAdminError,
  type Revocation,
  sessionRoute,
} from '@postern/server'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const key = issueKey('joytoken')
const env = { KEY: key.secret, SESSION: randomBytes(32).toString('base64url'), ADMIN: randomBytes(24).toString('base64url') }
const minter = createSessionMinter({ secret: env.SESSION })

let cwd: string
let emulator: Emulator
const running: RunningPostern[] = []
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-admin-'))
  emulator = await startEmulator('joytoken', { keys: [key] })
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

async function start(name: string, admin: object): Promise<{ readonly url: string; readonly admin: string }> {
  const config = {
    version: 1,
    listen: { port: 0 },
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL, addressLimit: 'off' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    store: { memory: true },
    admin,
  }
  writeFileSync(join(cwd, `${name}.json`), JSON.stringify(config))
  const postern = startPostern(['start', '--config', `${name}.json`], { cwd, env })
  running.push(postern)
  const [, url = ''] = await postern.prints(/"url":"([^"]+)"/)
  const [, listening = ''] = await postern.prints(/"admin":"([^"]+)"/)
  return { url, admin: listening }
}

async function call(url: string, token: string): Promise<string> {
  const answer = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ model: USUAL_MODELS.joytoken, max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }),
  })
  await answer.arrayBuffer()
  return answer.headers.get('postern-refusal') ?? String(answer.status)
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

describe.each<[where: string, open: (name: string) => Promise<{ readonly url: string; readonly client: AdminClient }>]>([
  [
    'a Unix socket',
    async (name) => {
      const { url } = await start(name, { socket: `./${name}.sock` })
      return { url, client: createAdminClient({ socketPath: join(cwd, `${name}.sock`) }) }
    },
  ],
  [
    'a port',
    async (name) => {
      const { url, admin } = await start(name, { port: 0, secret: { env: 'ADMIN' } })
      return { url, client: createAdminClient({ url: admin, secret: env.ADMIN, ttl: '3m' }) }
    },
  ],
])('an admin client on %s', (where, open) => {
  let url: string
  let client: AdminClient
  beforeAll(async () => {
    ;({ url, client } = await open(where.replaceAll(' ', '-')))
  })

  test('mints sessions as a minter does, without its secret', async () => {
    const request = { user: 'ada', team: 'acme', models: ['auto'], maxCalls: 2, maxTokens: 50, workflow: 'run-7', ttl: '1m' } as const
    const { token, id, expiresAt } = await client.mint(request)
    const { jti: _, iat: __, exp, ...claims } = decodeJwt(token)
    const { jti, iat: ___, exp: ____, ...minted } = decodeJwt((await minter.mint(request)).token)
    expect(claims).toEqual(minted)
    expect(jti).not.toBe(id)
    expect(exp).toBe(expiresAt)
    const calls = [await call(url, token), await call(url, token), await call(url, token)]
    expect(calls).toEqual(['200', '200', 'budget_exhausted'])
    const usual = decodeJwt((await client.mint({ team: 'acme' })).token)
    expect((usual.exp as number) - (usual.iat as number)).toBe(client.ttlSeconds)
    expect(client.ttlSeconds).toBe(where === 'a port' ? 180 : 600)
  })

  test('ends one session, and all of a user or team', async () => {
    const mint = (user: string, team = 'acme') => minter.mint({ user, team })
    const [one, other] = [await mint('bob'), await mint('bob')]
    expect([await call(url, one.token), await call(url, other.token)]).toEqual(['200', '200'])
    await client.revoke({ id: one.id })
    expect([await call(url, one.token), await call(url, other.token)]).toEqual(['caller_revoked', '200'])
    await client.revoke({ user: 'bob' })
    const cyd = await mint('cyd')
    expect([await call(url, other.token), await call(url, cyd.token)]).toEqual(['caller_revoked', '200'])
    await client.revoke({ team: 'acme' })
    expect(await call(url, cyd.token)).toBe('caller_revoked')
  })

  test('is what a session route mints with', async () => {
    const route = sessionRoute({ minter: client, whoIs: () => ({ user: 'dee', team: 'acme' }) })
    const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
    const answer = await route(new Request('http://app/session', { method: 'POST', headers, body: '{"ttl":"23h"}' }))
    expect(answer.status).toBe(201)
    expect(((await answer.json()) as { expires_in: number }).expires_in).toBeLessThanOrEqual(client.ttlSeconds)
  })

  test('says what the sidecar refused, by its code and id', async () => {
    const error = await failure(client.mint({ team: 'acme', ttl: '3d' }))
    expect(error).toBeInstanceOf(PosternAdminError)
    expect(error).toMatchObject({ status: 400, code: 'request_malformed', requestId: expect.stringMatching(/^_\._\./) })
    expect((error as Error).message).toContain('callers.session.maxTtl')
  })

  test.each<[Revocation]>([[{} as Revocation], [{ user: '' }], [{ user: 'a\nb' }], [{ id: '1', user: 'a' }], [{ project: 'x' } as never]])(
    'asks for no end of %j',
    async (what) => {
      await expect(client.revoke(what)).rejects.toThrow(TypeError)
    },
  )

  test.each<[MintRequest]>([[{}], [{ user: 'u', ttl: 'long' }], [{ user: 'u', spend: 1 } as MintRequest]])(
    'asks for no session %j',
    async (request) => {
      await expect(client.mint(request)).rejects.toThrow(TypeError)
    },
  )
})

describe('an admin client that is set up wrongly', () => {
  const other = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).unref()
    return listenAnywhere(server)
  }

  test('says that its secret is wrong, without repeating it', async () => {
    const { admin } = await start('wrong', { port: 0, secret: { env: 'ADMIN' } })
    const error = await failure(createAdminClient({ url: admin, secret: 'not-the-secret' }).revoke({ user: 'ada' }))
    expect(error).toMatchObject({ name: 'PosternAdminError', status: 401, code: 'caller_invalid' })
    expect(String(error)).not.toContain('not-the-secret')
  })

  test('says that nothing is there', async () => {
    const nowhere = createAdminClient({ socketPath: join(cwd, 'nothing.sock') })
    expect(await failure(nowhere.revoke({ user: 'ada' }))).toMatchObject({
      message: `The admin listener of Postern at ${join(cwd, 'nothing.sock')} cannot be reached (ENOENT).`,
      status: undefined,
    })
    const closed = createAdminClient({ url: 'http://[::1]:9', secret: 'x' })
    expect(await failure(closed.revoke({ user: 'ada' }))).toMatchObject({
      message: expect.stringMatching(/\[::1\]:9 cannot be reached \(E\w+\)/),
      code: 'admin_unreachable',
    })
  })

  test('says that something else is there', async () => {
    const hello = createAdminClient({ url: await other((_, response) => response.end('hello')), secret: 'x' })
    expect(await failure(hello.revoke({ user: 'ada' }))).toMatchObject({
      status: 200,
      message: expect.stringContaining('is not the admin listener'),
    })
    const endless = createAdminClient({ url: await other((_, response) => response.end('x'.repeat(100_000))), secret: 'x' })
    expect(await failure(endless.revoke({ user: 'ada' }))).toBeInstanceOf(PosternAdminError)
  })

  test.each<[what: string, listener: RequestListener]>([
    ['another protocol', ({ socket }) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')],
    ['an object without what was asked for', (_, response) => response.writeHead(201).end('{}')],
    ['a list', (_, response) => response.writeHead(201).end('[]')],
    ['a session without a time', (_, response) => response.writeHead(201).end('{"token":"t","id":"i","revoked":7}')],
    ['a code that is no text', (_, response) => response.writeHead(400, { 'x-request-id': 'r' }).end('{"error":{"code":{}}}')],
    ['an error that is none', (_, response) => response.writeHead(400, { 'x-request-id': 'r' }).end('{"error":null}')],
  ])('says that something else is there, where it answers with %s', async (_, listener) => {
    const client = createAdminClient({ url: await other(listener), secret: 'x', timeoutMs: 2000 })
    for (const asked of [client.revoke({ user: 'ada' }), client.mint({ user: 'ada' })]) {
      const error = await failure(asked)
      expect(error).toMatchObject({ code: undefined, message: expect.stringContaining('is not the admin listener') })
      expect(error).toBeInstanceOf(PosternAdminError)
    }
  })

  test('says that no answer came in time, and that the thing may be done', async () => {
    for (const listener of [() => {}, (_, response) => response.writeHead(201).write('{')] as RequestListener[]) {
      const slow = createAdminClient({ url: await other(listener), secret: 'x', timeoutMs: 100 })
      expect(await failure(slow.revoke({ user: 'ada' }))).toMatchObject({
        message: expect.stringContaining('did not answer within 100 ms; what it was asked for may be done'),
        code: 'admin_timeout',
      })
    }
  })

  test('says that a listener broke off, and not that it cannot be reached, since the thing may be done', async () => {
    for (const listener of [
      (request) => request.socket.destroy(),
      (_, response) => response.end('x'.repeat(100_000)),
    ] as RequestListener[]) {
      const broken = createAdminClient({ url: await other(listener), secret: 'x' })
      expect(await failure(broken.revoke({ user: 'ada' }))).toMatchObject({
        message: expect.stringMatching(/ broke off before it had answered \(.+\); what it was asked for may be done/),
        code: 'admin_failed',
        status: undefined,
      })
    }
  })

  test('says that nothing was asked where no TLS connection came about, too late or at all', async () => {
    const silent = createTcpServer(() => {})
    const plain = await other((_, response) => response.end('hello'))
    const ask = async (origin: string): Promise<unknown> =>
      failure(createAdminClient({ url: origin.replace('http:', 'https:'), secret: 'x', timeoutMs: 300 }).revoke({ user: 'ada' }))
    expect(await ask(await listenAnywhere(silent))).toMatchObject({
      message: expect.stringMatching(/ cannot be reached within 300 ms; nothing was asked of it\.$/),
      code: 'admin_unreachable',
    })
    expect(await ask(plain)).toMatchObject({ message: expect.stringContaining('cannot be reached (E'), code: 'admin_unreachable' })
    silent.close()
  })

  test.each<[why: string, options: object, message: RegExp]>([
    ['no address', { url: 'postern', secret: 'x' }, /^"url"/],
    ['a socket as address', { url: 'unix:/run/postern.sock', secret: 'x' }, /"socketPath"/],
    ['no secret for a port', { url: 'http://127.0.0.1:8788' }, /^"secret"/],
    ['an empty secret', { socketPath: '/run/postern.sock', secret: '' }, /^"secret"/],
    ['no path', { socketPath: '' }, /^"socketPath"/],
    ['no lifetime', { socketPath: '/run/postern.sock', ttl: 'long' }, /^"ttl"/],
  ])('is not made with %s', (_, options, message) => {
    expect(() => createAdminClient(options as never)).toThrow(message)
  })

  test('is made with a secret that is not set, as builds do that run a module, and says so when it is used', async () => {
    const client = createAdminClient({ url: 'http://127.0.0.1:9', secret: undefined })
    await expect(client.mint({ user: 'ada' })).rejects.toThrow(/^"secret" is what/)
    await expect(client.revoke({ user: 'ada' })).rejects.toThrow(/^"secret" is what/)
  })
})
