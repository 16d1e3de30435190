import { generateKeyPairSync, hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessionMinter } from '@postern/server'
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { listenAnywhere } from '../support/house.js'
import { type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'
import { createProver } from '../support/prover.js'
import { runPostern, type RunningPostern, startPostern } from '../support/run-postern.js'
import { createSampleBackend } from '../support/sample-backend.js'
import { nextUpgrade } from '../support/next-upgrade.js'

const env = {
  KEY: 'jt_0123456789',
  RING: `agent:${hash('sha256', 'agent credential')}`,
  SESSION: randomBytes(32).toString('base64url'),
}
const minter = createSessionMinter({ secret: env.SESSION })

let cwd: string
let backend: Server
let issuer: Issuer
const running: RunningPostern[] = []

function configure(name: string, identity: object, further: object = {}): string {
  const file = join(cwd, `${name}.json`)
  const config = {
    version: 1,
    listen: { port: 0 },
    backend: { url: backendUrl, identity },
    gateways: { main: { dialect: 'joytoken', baseURL: 'http://127.0.0.1:9/openai/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: {
      session: { secret: { env: 'SESSION' } },
      jwt: [jwtCallers(issuer)],
      service: { hashes: { env: 'RING' }, principals: { agent: { user: 'svc', team: 'acme' } } },
    },
    store: { memory: true },
    ...further,
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

async function start(file: string): Promise<string> {
  const postern = startPostern(['start', '--config', file], { cwd, env })
  running.push(postern)
  const [, url = ''] = await postern.prints(/"url":"([^"]+)"/)
  return new URL(url).origin
}

let backendUrl: string
let origin: string
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-identity-'))
  issuer = await startIssuer()
  backend = createSampleBackend()
  backendUrl = await listenAnywhere(backend)
  origin = await start(configure('usual', {}))
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await issuer.stop()
  backend.closeAllConnections()
  await new Promise((done) => backend.close(done))
  rmSync(cwd, { recursive: true })
})

interface Echoed {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly raw: readonly string[]
}

async function echo(headers: Readonly<Record<string, string>>, at = origin, method = 'GET'): Promise<Echoed> {
  const answer = await fetch(`${at}/echo/me?x=1`, { method, headers })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Echoed
}

/** As a backend would check it. */
async function check(assertion: string | undefined, at = origin) {
  const keys = createRemoteJWKSet(new URL(`${at}/.well-known/postern/jwks.json`))
  return (
    await jwtVerify(assertion ?? '', keys, { issuer: 'postern', audience: 'backend', algorithms: ['EdDSA'], typ: 'postern-identity+jwt' })
  ).payload
}

describe('the backend is told who is calling', () => {
  test.each<[how: string, token: () => Promise<string>, claims: object]>([
    [
      'a session',
      async () => (await minter.mint({ user: 'ada', team: 'acme', project: 'labs' })).token,
      { sub: 'ada', team: 'acme', project: 'labs', via: 'session' },
    ],
    ['a token of an issuer', () => issuer.sign(), { sub: 'ada', team: 'acme', via: 'jwt' }],
    ['a service credential', async () => 'agent credential', { sub: 'svc', team: 'acme', via: 'service' }],
  ])('by %s, in a short token that the published key verifies', async (_, token, claims) => {
    const authorization = `Bearer ${await token()}`
    for (const method of ['GET', 'POST']) {
      const { headers } = await echo({ authorization }, origin, method)
      const payload = await check(headers['postern-identity'])
      expect(payload).toMatchObject(claims)
      expect((payload.exp as number) - (payload.iat as number)).toBeLessThanOrEqual(61)
      expect(Object.keys(payload).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', ...Object.keys(claims)].toSorted())
      // What the backend's own code reads is passed on as it came.
      expect(headers['authorization']).toBe(authorization)
    }
  })

  test('over a WebSocket too', async () => {
    const { token } = await minter.mint({ user: 'ada', team: 'acme' })
    const seen = nextUpgrade(backend).then(({ headers }) => String(headers['postern-identity']))
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/chat`, {
      headers: { authorization: `Bearer ${token}`, 'postern-identity': 'root' },
    })
    socket.on('error', () => {})
    expect(await check(await seen)).toMatchObject({ sub: 'ada' })
  })

  test('by one token that is signed anew only as it grows old', async () => {
    const authorization = `Bearer ${(await minter.mint({ user: 'bob' })).token}`
    const [one, other] = [await echo({ authorization }), await echo({ authorization })]
    expect(one.headers['postern-identity']).toBe(other.headers['postern-identity'])
  })

  test('never for longer than the credential lives', async () => {
    const { token, expiresAt } = await minter.mint({ user: 'ada', ttl: 5 })
    const { headers } = await echo({ authorization: `Bearer ${token}` })
    expect((await check(headers['postern-identity'])).exp).toBeLessThanOrEqual(expiresAt)
  })

  test('is good when it arrives, also for a token that only the tolerance of clocks still takes', async () => {
    for (const agoSeconds of [1, 10, 20]) {
      const token = await issuer.sign({ exp: Math.floor(Date.now() / 1000) - agoSeconds })
      const { headers } = await echo({ authorization: `Bearer ${token}` })
      const { exp, iat } = await check(headers['postern-identity'])
      expect(exp).toBeGreaterThan(iat as number)
    }
  })

  test.each<[who: string, headers: () => Promise<Readonly<Record<string, string>>>]>([
    ['nobody', async () => ({})],
    ['a credential of the backend’s own', async () => ({ authorization: 'Bearer backend-session-7' })],
    ['another scheme', async () => ({ authorization: 'Basic YWRhOmFkYQ==' })],
    ['an expired session', async () => ({ authorization: `Bearer ${await issuer.sign({ exp: 1 })}` })],
    [
      'a session for pages of another origin',
      async () => ({ authorization: `Bearer ${(await minter.mint({ user: 'ada', origin: 'https://other.example.com' })).token}` }),
    ],
    [
      'a session without the proof of its key',
      async () => ({ authorization: `Bearer ${(await minter.mint({ user: 'ada', jkt: (await createProver()).jkt })).token}` }),
    ],
    [
      'a session that came with somebody’s API key',
      async () => ({ authorization: `Bearer ${(await minter.mint({ user: 'ada' })).token}`, 'x-api-key': 'k' }),
    ],
  ])('and that it is nobody, where it is %s; the request is passed on all the same', async (_, headers) => {
    expect((await echo(await headers())).headers['postern-identity']).toBeUndefined()
  })

  test('more often than wrong credentials are let pass elsewhere, since they may be its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => fetch(`${origin}/echo/me`, { headers: { authorization: 'Bearer its-own' } })),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
  })
})

describe('what a client writes in the header’s place goes no further', () => {
  test.each([
    'Postern-Identity: root',
    'postern-identity: root',
    'POSTERN-IDENTITY: root',
    'Postern_Identity: root',
    'postern_identity: root',
    'Postern-Identity: root\r\nPostern-Identity: admin',
    'Postern-Identity: root\r\nPostern_Identity: admin',
    'Connection: Postern-Identity\r\nPostern-Identity: root',
  ])('%j', async (lines) => {
    const { token } = await minter.mint({ user: 'ada' })
    for (const authorization of ['', `Authorization: Bearer ${token}\r\n`]) {
      const { raw } = await rawEcho(`GET /echo/me HTTP/1.1\r\nHost: a\r\n${authorization}${lines}\r\nConnection: close\r\n\r\n`)
      const values = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase().replaceAll('_', '-') === 'postern-identity')
      expect(values).toHaveLength(authorization === '' ? 0 : 1)
      for (const value of values) expect((await check(value)).sub).toBe('ada')
    }
  })
})

describe('the key that signs', () => {
  test('is made at each start, or the operator’s own', async () => {
    const file = join(cwd, 'signing.pem')
    writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    const identity = { key: { file: './signing.pem' }, header: 'X-Caller', audience: 'shop', jwks: '/keys.json' }
    const [one, other] = await Promise.all([start(configure('own-1', identity)), start(configure('own-2', identity))])
    const { token } = await minter.mint({ user: 'ada' })
    const assertion = (await echo({ authorization: `Bearer ${token}` }, one)).headers['x-caller'] ?? ''
    const keys = createRemoteJWKSet(new URL(`${other}/keys.json`))
    expect((await jwtVerify(assertion, keys, { audience: 'shop' })).payload.sub).toBe('ada')

    const fresh = (await echo({ authorization: `Bearer ${token}` })).headers['postern-identity'] ?? ''
    expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(assertion).kid)
    await expect(jwtVerify(fresh, keys)).rejects.toThrow(errors.JWKSNoMatchingKey)
  })

  test('is published without its private half, and only read', async () => {
    const answer = await fetch(`${origin}/.well-known/postern/jwks.json`)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    const { keys } = (await answer.json()) as { keys: object[] }
    expect(Object.keys(keys[0] as object).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    expect((await fetch(`${origin}/.well-known/postern/jwks.json`, { method: 'POST' })).status).toBe(404)
  })

  test.each<[why: string, identity: object, further: object, said: RegExp]>([
    ['is no such key', { key: { env: 'SESSION' } }, {}, /backend\.identity\.key.*not an Ed25519 private key/],
    [
      'is missing where there are replicas',
      {},
      { replicas: 2, store: { redis: 'redis://127.0.0.1:1' } },
      /backend\.identity\.key.*is missing/,
    ],
    ['would be sent in a header of another meaning', { header: 'Authorization' }, {}, /backend\.identity\.header/],
    ['would be published under the mount', { jwks: '/ai/keys.json' }, {}, /backend\.identity\.jwks/],
  ])('is refused at the start where it %s', async (why, identity, further, said) => {
    const { code, stdout, stderr } = await runPostern(['check', '--config', configure(`bad-${why.length}`, identity, further)], {
      cwd,
      env,
    })
    expect(code).toBe(1)
    expect((stdout + stderr).replaceAll(/\s+/g, ' ')).toMatch(said)
  })
})

describe('what the API refuses before it identifies anybody, nobody is verified by on the way to the backend either', () => {
  let named: string
  beforeAll(async () => {
    named = await start(configure('named', {}, { listen: { port: 0, hosts: ['app.example.com', '127.0.0.1'] } }))
  })

  const identityOf = async (at: string, lines: readonly string[]): Promise<string | undefined> => {
    const { token } = await minter.mint({ user: 'ada' })
    const { raw } = await rawEcho(
      ['GET /echo/me HTTP/1.1', ...lines, `Authorization: Bearer ${token}`, 'Connection: close', '', ''].join('\r\n'),
      at,
    )
    return raw.find((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'postern-identity')
  }

  test('with nothing of that, it is who the token says', async () => {
    for (const host of ['app.example.com', '127.0.0.1:8787'])
      expect((await check((await identityOf(named, [`Host: ${host}`])) as string, named)).sub).toBe('ada')
  })

  test.each([
    [['Host: evil.example']],
    [['Host: app.example.com.evil.example']],
    [['Host: 127.0.0.1', 'Origin: https://evil.example']],
    [['Host: 127.0.0.1', 'Origin: null']],
    [['Host: 127.0.0.1', 'Postern-ActAs: team=globex']],
    [['Host: 127.0.0.1', 'Postern_Act_As: team=globex']],
    [['Host: 127.0.0.1', 'X-Postern-Act-As: team=globex']],
  ])('%j', async (lines) => {
    expect(await identityOf(named, lines)).toBeUndefined()
  })

  test('and a WebSocket under another name is nobody’s', async () => {
    const { token } = await minter.mint({ user: 'ada' })
    const seen = async (host: string): Promise<string | undefined> => {
      const asked = nextUpgrade(backend).then(({ headers }) => headers['postern-identity'] as string | undefined)
      const socket = new WebSocket(`${named.replace('http', 'ws')}/chat`, { headers: { authorization: `Bearer ${token}`, host } })
      socket.on('error', () => {})
      return asked.finally(() => socket.close())
    }
    expect(await seen('app.example.com')).toBeDefined()
    expect(await seen('evil.example')).toBeUndefined()
  })
})

async function rawEcho(text: string, at = origin): Promise<Echoed> {
  const { hostname, port } = new URL(at)
  const received = await new Promise<string>((resolve, reject) => {
    let all = ''
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.on('data', (chunk: Buffer) => (all += chunk.toString()))
    socket.on('close', () => resolve(all))
    socket.on('error', reject)
  })
  return JSON.parse(received.slice(received.indexOf('{'), received.lastIndexOf('}') + 1)) as Echoed
}
