import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { checkConfig, type CheckResult } from '@postern/config'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../support/certificates.js'
import { plainCompletion } from '../support/hostile-upstream.js'
import { doorNames, type House, listenAnywhere, openHouse } from '../support/house.js'
import { audience, type Issuer, startIssuer } from '../support/issuer.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { startProxy, type TestProxy } from '../support/proxy.js'

const portOf = (origin: string): number => Number(new URL(origin).port)
/** A password with what must be escaped in an address. */
const password = 'p@ss:word/of the proxy'
const basic = `Basic ${Buffer.from(`somebody:${password}`).toString('base64')}`
const stop = (server: Server): Promise<unknown> => {
  server.closeAllConnections()
  return new Promise((done) => server.close(done))
}

let seenByGateway: {
  readonly host: string | undefined
  readonly proxyHeaders: readonly string[]
  readonly authorization: string | undefined
}[] = []
let say: RequestListener = (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(plainCompletion)
const gateway: RequestListener = (request, response) => {
  const { host, authorization } = request.headers
  seenByGateway.push({ host, authorization, proxyHeaders: Object.keys(request.headers).filter((name) => name.startsWith('proxy-')) })
  request.resume().on('end', () => say(request, response))
}

describe('a process behind a proxy', () => {
  let tls: Server
  let backend: Server
  let issuer: Issuer
  let proxy: TestProxy
  let certificates: Certificates
  let sidecar: OpenSidecar
  let origins: { readonly tls: string; readonly backend: string }

  const open = (env: Readonly<Record<string, string>>): Promise<OpenSidecar> =>
    openSidecar({
      backend: origins.backend,
      gateway: 'https://gateway.test/openai/v1',
      config: {
        callers: {
          jwt: [
            { issuer: issuer.issuer, jwks: 'https://issuer.test/jwks.json', audience, algorithms: ['RS256'], claims: { team: 'org.id' } },
          ],
          forwardAuth: { url: `${origins.backend}/me`, claims: { user: 'id', team: 'team' } },
        },
        store: { memory: true },
      },
      env,
    })
  const call = (
    to: OpenSidecar,
    headers: Readonly<Record<string, string>> = { authorization: `Bearer ${to.credential}` },
  ): Promise<Response> =>
    fetch(`${to.origin}/ai/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
    })

  beforeAll(async () => {
    certificates = makeCertificates('gateway.test', 'issuer.test')
    tls = createTlsServer(certificates, (request, response) => {
      if (request.headers.host === 'issuer.test') response.end(JSON.stringify({ keys: [issuer.publicKey()] }))
      else gateway(request, response)
    })
    backend = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(request.url === '/me' ? '{"id":"ada","team":"acme"}' : 'a page')
    })
    issuer = await startIssuer()
    origins = { tls: (await listenAnywhere(tls)).replace('http', 'https'), backend: await listenAnywhere(backend) }
    proxy = await startProxy(() => portOf(origins.tls))
    const address = `http://somebody:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}`
    sidecar = await open({
      HTTPS_PROXY: address,
      HTTP_PROXY: address,
      NO_PROXY: 'elsewhere.test',
      NODE_EXTRA_CA_CERTS: certificates.authority,
    })
  })
  afterAll(async () => {
    await sidecar.close()
    await Promise.all([proxy.close(), stop(tls), stop(backend), issuer.stop()])
    // A process that is told to stop may take its deadline of 30 s.
  }, 60_000)

  test('reaches its gateway through it, and the proxy reads nothing of what is said there', async () => {
    const answer = await call(sidecar)
    expect([answer.status, await answer.text()]).toEqual([200, plainCompletion])
    expect([proxy.asked.at(-1), proxy.credentials.at(-1)]).toEqual(['CONNECT gateway.test:443', basic])
    expect(seenByGateway.at(-1)).toEqual({ host: 'gateway.test', authorization: 'Bearer jt_0123456789', proxyHeaders: [] })
    expect(proxy.tunnelled()).not.toContain('jt_0123456789')
  })

  test('fetches an issuer’s keys through it', async () => {
    const answer = await call(sidecar, { authorization: `Bearer ${await issuer.sign()}` })
    expect(answer.status).toBe(200)
    expect(proxy.asked).toContain('CONNECT issuer.test:443')
  })

  test('asks its backend itself, for pages and for whose a cookie is', async () => {
    const before = proxy.asked.length
    expect(await (await fetch(`${sidecar.origin}/page`)).text()).toBe('a page')
    const answer = await call(sidecar, { cookie: 'sid=1', 'sec-fetch-site': 'same-origin', origin: sidecar.origin })
    expect(answer.status).toBe(200)
    expect(proxy.asked.slice(before).filter((each) => !each.startsWith('CONNECT gateway.test'))).toEqual([])
  })

  test('tells a client that the gateway cannot be reached where the proxy does not let it, and nobody the password', async () => {
    const other = await open({ https_proxy: `somebody:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}` })
    proxy.refuse(407)
    const answer = await call(other)
    proxy.refuse(undefined)
    const text = await answer.text()
    expect([answer.status, (JSON.parse(text) as { error: { code: string } }).error.code]).toEqual([503, 'gateway_unavailable'])
    await expect
      .poll(() => other.stdout(), { timeout: 10_000 })
      .toContain(
        `the proxy of https_proxy, 127.0.0.1:${proxy.port}, answered 407. It does not take the user and password that stand in https_proxy.`,
      )
    await other.close()
    for (const said of [text, other.stdout(), other.stderr()]) {
      expect(said).not.toContain(password)
      expect(said).not.toContain(encodeURIComponent(password))
    }
  })

  test('says of a proxy that asks who is there how it is told', async () => {
    const other = await open({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` })
    proxy.refuse(407)
    expect((await call(other)).status).toBe(503)
    proxy.refuse(undefined)
    await expect
      .poll(() => other.stdout(), { timeout: 10_000 })
      .toContain(`answered 407. It wants to know who asks. Write user:password@ before the host in HTTPS_PROXY: http://user:password@`)
    await other.close()
  })

  test.each([
    [`127.0.0.1:9`, 'ECONNREFUSED: the proxy of HTTPS_PROXY, 127.0.0.1:9, cannot be used: connect ECONNREFUSED 127.0.0.1:9'],
    ['nowhere.invalid:3128', ': the proxy of HTTPS_PROXY, nowhere.invalid:3128, cannot be used: '],
  ])('names a proxy that cannot be reached: %s', async (place, cause) => {
    const other = await open({ HTTPS_PROXY: `http://somebody:${encodeURIComponent(password)}@${place}` })
    const answer = await call(other)
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([503, 'gateway_unavailable'])
    await expect.poll(() => other.stdout(), { timeout: 10_000 }).toContain(cause)
    await other.close()
    expect(other.stdout()).not.toContain(password)
  })

  test('trusts no authority that it was not told of, with a proxy or without', async () => {
    const other = await open({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` })
    const answer = await call(other)
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([503, 'gateway_unavailable'])
    await other.close()
  })
})

describe.each(doorNames)('a plain gateway behind a proxy, behind the %s door', (door) => {
  let server: Server
  let proxy: TestProxy
  const open = (env: Readonly<Record<string, string>>, baseURL = 'http://gateway.test/v1'): Promise<House> =>
    openHouse({ door, further: env, config: { gateways: { main: { dialect: 'openai', baseURL, attempts: 1 } } } })

  beforeAll(async () => {
    server = createServer(gateway)
    const port = portOf(await listenAnywhere(server))
    proxy = await startProxy(() => port)
  })
  afterAll(async () => {
    await Promise.all([proxy.close(), stop(server)])
  })

  test('is asked by its whole address, streams too, and its answers are searched for keys', async () => {
    const house = await open({ HTTP_PROXY: `http://somebody:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}` })
    const plain = await house.chat()
    expect([plain.status, proxy.asked.at(-1), proxy.credentials.at(-1)]).toEqual([
      200,
      'POST http://gateway.test/v1/chat/completions',
      basic,
    ])
    expect(seenByGateway.at(-1)).toMatchObject({
      host: 'gateway.test',
      authorization: `Bearer ${house.keys.acme.secret}`,
      proxyHeaders: [],
    })
    say = (_, response) =>
      void response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"choices":[]}\n\ndata: [DONE]\n\n')
    expect(await (await house.chat({ body: { stream: true } })).text()).toContain('data: [DONE]')
    say = (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(`{"note":"${house.keys.acme.secret}"}`)
    const leaking = await house.chat()
    expect([leaking.status, (await leaking.text()).includes(house.keys.acme.secret)]).toEqual([502, false])
    say = (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(plainCompletion)
    await house.close()
  })

  test.each([
    ['NO_PROXY', 'gateway.test'],
    ['no_proxy', 'other.test, .test'],
    ['NO_PROXY', '*'],
    ['NO_PROXY', 'gateway.test:80'],
  ])('is asked without it where %s is %s', async (name, value) => {
    const before = proxy.asked.length
    const house = await open({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, [name]: value })
    // Nothing but the proxy knows where the name leads.
    expect((await house.chat()).status).toBe(503)
    expect(proxy.asked.length).toBe(before)
    await house.close()
  })

  test('is told of in the log by its proxy, where that cannot be reached', async () => {
    const house = await open({ HTTP_PROXY: 'http://127.0.0.1:9' })
    expect((await house.chat()).status).toBe(503)
    expect((await house.ledger.entry(() => true)).cause).toBe(
      'ECONNREFUSED: the proxy of HTTP_PROXY, 127.0.0.1:9, cannot be used: connect ECONNREFUSED 127.0.0.1:9',
    )
    await house.close()
  })

  test.each(['127.0.0.1', 'localhost'])('of this machine is never asked through one: %s', async (host) => {
    const before = proxy.asked.length
    const house = await open({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }, `http://${host}:${portOf(await originOf(server))}/v1`)
    expect((await house.chat()).status).toBe(200)
    expect(proxy.asked.length).toBe(before)
    await house.close()
  })
})

/** Where a server listens. */
async function originOf(server: Server): Promise<string> {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe('what the environment says of proxies is checked', () => {
  const problemsOf = (env: Readonly<Record<string, string>>, baseURL: string): CheckResult['problems'] =>
    checkConfig(
      {
        version: 1,
        gateways: { main: { dialect: 'openai', baseURL } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ default: true, key: 'acme' }],
        callers: { anonymous: { user: 'anybody', limit: 10 } },
        store: { memory: true },
      },
      { env: { KEY: 'key-of-acme-1234', ...env }, directory: process.cwd() },
    ).problems
  const check = (env: Readonly<Record<string, string>>, baseURL: string): readonly string[] =>
    problemsOf(env, baseURL)
      .filter(({ severity }) => severity === 'error')
      .map(({ path }) => path)

  test.each([
    [{ HTTPS_PROXY: 'socks5://proxy.test:1080' }, 'https://gateway.test/v1', ['HTTPS_PROXY']],
    [{ https_proxy: 'http://' }, 'https://gateway.test/v1', ['https_proxy']],
    [{ HTTPS_PROXY: 'socks5://proxy.test:1080', NO_PROXY: 'gateway.test' }, 'https://gateway.test/v1', []],
    [{ HTTPS_PROXY: 'socks5://proxy.test:1080' }, 'http://gateway.test/v1', []],
    [{ HTTPS_PROXY: 'proxy.test:3128', HTTP_PROXY: '' }, 'https://gateway.test/v1', []],
    [{ HTTP_PROXY: 'socks5://proxy.test:1080' }, 'http://127.0.0.1:9/v1', []],
  ] as const)('%o for %s', (env, baseURL, expected) => {
    expect(check(env, baseURL)).toEqual(expected)
  })

  test.each(['socks5://proxy.test:1080', 'SOCKS4A://proxy.test', ' socks://proxy.test'])('%s is named as what it is', (address) => {
    const first = problemsOf({ HTTPS_PROXY: address }, 'https://gateway.test/v1').find(({ path }) => path === 'HTTPS_PROXY')
    expect(first?.reason).toBe('names a SOCKS proxy, which Postern cannot ask.')
    const other = problemsOf({ HTTPS_PROXY: 'ftp://proxy.test' }, 'https://gateway.test/v1').find(({ path }) => path === 'HTTPS_PROXY')
    expect(other?.reason).toBe('is no address of a proxy that can be asked.')
  })

  test.each<[env: Readonly<Record<string, string>>, baseURL: string, warned: readonly string[]]>([
    [{ ALL_PROXY: 'socks5://proxy.test:1080' }, 'https://gateway.test/v1', ['ALL_PROXY']],
    [{ all_proxy: 'http://proxy.test:3128', HTTP_PROXY: 'http://proxy.test:3128' }, 'https://gateway.test/v1', ['all_proxy']],
    [{ ALL_PROXY: 'http://proxy.test:3128', HTTPS_PROXY: 'http://proxy.test:3128' }, 'https://gateway.test/v1', []],
    [{ ALL_PROXY: 'http://proxy.test:3128', NO_PROXY: 'gateway.test' }, 'https://gateway.test/v1', []],
    [{ ALL_PROXY: 'http://proxy.test:3128' }, 'http://127.0.0.1:9/v1', []],
    [{ ALL_PROXY: '' }, 'https://gateway.test/v1', []],
  ])('ALL_PROXY is warned of where it would be needed: %o for %s', (env, baseURL, warned) => {
    const warnings = problemsOf(env, baseURL).filter(({ reason }) => reason.startsWith('is not read'))
    expect(warnings.map(({ path, severity }) => [path, severity])).toEqual(warned.map((path) => [path, 'warning']))
  })
})
