import { createMemoryStore } from '@postern/ports'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { doorNames, type House, openHouse } from '../support/house.js'
import { type LenientUpstream, startLenientUpstream } from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { createProver, type Prover } from '../support/prover.js'
import { rawConnection } from '../support/raw-connection.js'

/** What is no host, or is one to some readers only; with most of them the URL of a request cannot be read. */
const noHosts = [
  'a:99999',
  'a:65536',
  'a:8o',
  'a:-1',
  'a:',
  'a:80:80',
  ':80',
  'a b',
  'a\tb',
  '[',
  '[]',
  '[::1',
  '::1',
  '[::1%25eth0]',
  '[127.0.0.1]',
  '[v1.a]',
  'a]b',
  'a%',
  'a%zz',
  'a%2eb',
  '%61',
  'a<b',
  'a^b',
  'a|b',
  'a{b}',
  'a"b',
  'a`b',
  'a@b',
  'a,b',
  'a/b',
  'a?b',
  'a#b',
  'a\\b',
  'a;b',
  "a'b",
  'a..b',
  '.a',
  '1.2.3',
  '1.2.3.4.5',
  '999.1.1.1',
  '01.2.3.4',
  '0x7f.1',
  '2130706433',
  'a.0x1',
  'xn--a',
  '\xe4.example',
  'a\xa0',
  '*',
  'http://a',
  'x'.repeat(300),
  '',
]

const hosts = [
  'a',
  'A.Example',
  'app.example.com',
  'app.example.com.',
  'a:1',
  'a:65535',
  'my_app',
  '127.0.0.1:80',
  '[::1]',
  '[2001:DB8::7]:8443',
]

/** Texts that no reader of URLs reads, each as good a match of another as any. */
const noUrls = [
  '',
  'nonsense',
  'http://',
  'http://a:99999/',
  'http://[',
  'http://a b/',
  'http://a%/',
  '//a/ai/v1/models',
  '/ai/v1/models',
  'null',
]

const call = (path: string, host: string | undefined, lines: readonly string[], method = 'POST'): string =>
  [
    `${method} ${path} HTTP/1.1`,
    ...(host === undefined ? [] : [`Host: ${host}`]),
    'Content-Type: application/json',
    'Connection: close',
    `Content-Length: ${method === 'GET' ? 0 : 2}`,
    ...lines,
    '',
    method === 'GET' ? '' : '{}',
  ].join('\r\n')

const codeOf = (text: string): string | undefined => /"code":"([^"]*)"/.exec(text)?.[1]
const paramOf = (text: string): string | undefined => /"param":"([^"]*)"/.exec(text)?.[1]

let prover: Prover
beforeAll(async () => {
  prover = await createProver()
})

forEachDoor({}, (house) => {
  const proven = async (htu: string, method = 'POST'): Promise<string[]> => {
    const { token } = await house().minter.mint({ user: 'ada', team: 'acme', jkt: prover.jkt })
    return [`Authorization: DPoP ${token}`, `DPoP: ${await prover.prove(method, htu, token)}`]
  }

  test.each(noHosts)('the host %j is none: the request is refused whatever its proof is for, on the API and at the desk', async (host) => {
    const calls = house().emulator.seen.length
    for (const [method, path] of [
      ['POST', '/ai/v1/chat/completions'],
      ['GET', '/ai/v1/models'],
      ['POST', '/ai/session'],
      ['DELETE', '/ai/session'],
    ] as const) {
      for (const htu of [`http://${host}${path}`, `http://${host === 'a:99999' ? '[' : 'a:99999'}${path}`]) {
        const { text, statuses } = await rawConnection(house().origin, call(path, host, await proven(htu, method), method))
        expect([statuses, codeOf(text), paramOf(text)]).toEqual([[400], 'request_malformed', 'Host'])
        expect(text).toMatch(/^X-Request-ID: \S+\r$/m)
      }
    }
    expect(house().emulator.seen.length).toBe(calls)
  })

  test.each(hosts)('the host %s is one, and a proof for it is good', async (host) => {
    const path = '/ai/v1/models'
    const { statuses } = await rawConnection(house().origin, call(path, host, await proven(`http://${host}${path}`, 'GET'), 'GET'))
    expect(statuses).toEqual([200])
  })

  test('a request names its host once', async () => {
    const lines = await proven('http://a/ai/v1/models', 'GET')
    for (const [host, further] of [
      ['a', ['Host: a']],
      ['a', ['host: b']],
      [undefined, []],
    ] as const) {
      const { text, statuses } = await rawConnection(house().origin, call('/ai/v1/models', host, [...further, ...lines], 'GET'))
      expect([statuses, codeOf(text), paramOf(text)]).toEqual([[400], 'request_malformed', 'Host'])
    }
  })

  test.each([
    ...noUrls,
    'ftp://a/ai/v1/models',
    'http://u@a/ai/v1/models',
    'http://u:p@a/ai/v1/models',
    'http://a/ai/v1/models/',
    'http://a:8080/ai/v1/models',
    'https://a/ai/v1/models',
    'http://b/ai/v1/models',
    'http://a/ai/v1/mod\nels',
    ' http://a/ai/v1/models',
    'http:a/ai/v1/models',
    'http:\\\\a/ai/v1/models',
  ])('a proof for %j is for no request', async (htu) => {
    const { text, statuses } = await rawConnection(house().origin, call('/ai/v1/models', 'a', await proven(htu, 'GET'), 'GET'))
    expect([statuses, codeOf(text)]).toEqual([[401], 'proof_invalid'])
  })

  test.each(['http://a/ai/v1/models', 'HTTP://A:80/ai/v1/models', 'http://a/ai/v1/./models?page=2#top'])(
    'a proof for %s is for this request, in another spelling of its URL (RFC 9449, 4.3)',
    async (htu) => {
      const { statuses } = await rawConnection(house().origin, call('/ai/v1/models?x=y', 'a', await proven(htu, 'GET'), 'GET'))
      expect(statuses).toEqual([200])
    },
  )

  test.each(noHosts)('no page is of the host %j, and none is told that it may call', async (host) => {
    const lines = [`Origin: http://${host}`, 'Access-Control-Request-Method: POST']
    const { text } = await rawConnection(house().origin, call('/ai/v1/models', host, lines, 'OPTIONS'))
    expect(text).toMatch(/^HTTP\/1\.1 40[03] /)
    expect(text).not.toMatch(/^Access-Control-Allow-Methods/im)
  })
})

describe.each(doorNames)('behind a trusted proxy, behind the %s door', (door) => {
  let house: House
  beforeAll(async () => {
    house = await openHouse({ door, store: createMemoryStore(), config: { listen: { trustedProxies: ['127.0.0.1'] } } })
  })
  afterAll(() => house.close())
  const send = async (forwarded: string, htu: string, further: readonly string[] = []) => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme', jkt: prover.jkt })
    const lines = [
      ...further,
      `X-Forwarded-Host: ${forwarded}`,
      `Authorization: DPoP ${token}`,
      `DPoP: ${await prover.prove('GET', htu, token)}`,
    ]
    const { text, statuses } = await rawConnection(house.origin, call('/ai/v1/models', 'inside:8787', lines, 'GET'))
    return [statuses[0], codeOf(text), paramOf(text)]
  }

  test.each(noHosts.filter((host) => host !== '' && !host.includes(',')))('what it calls us is refused where it is %j', async (host) => {
    for (const htu of [`http://${host}/ai/v1/models`, 'nonsense', 'http://inside:8787/ai/v1/models'])
      expect(await send(host, htu)).toEqual([400, 'request_malformed', 'X-Forwarded-Host'])
  })

  test.each([
    ['app.example.com', 'http://app.example.com/ai/v1/models'],
    ['app.example.com, inside', 'http://app.example.com/ai/v1/models'],
    ['', 'http://inside:8787/ai/v1/models'],
  ])('what it calls us counts where it is %j', async (host, htu) => {
    expect((await send(host, htu))[0]).toBe(200)
  })

  test.each([
    ['evil.example, app.example.com', '192.0.2.1', 'app.example.com'],
    ['evil.example, app.example.com, inside', '192.0.2.1, 127.0.0.1', 'app.example.com'],
    ['evil.example, app.example.com', '192.0.2.9, 192.0.2.1', 'app.example.com'],
    ['app.example.com', '192.0.2.1, 127.0.0.1', 'app.example.com'],
    ['evil.example, ', '192.0.2.1', 'inside:8787'],
  ])(
    'what a client wrote before the word of the outermost trusted proxy, as in %j for %j, is not what we are called',
    async (host, chain, meant) => {
      for (const each of ['app.example.com', 'inside:8787', 'inside', 'evil.example']) {
        const [status] = await send(host, `http://${each}/ai/v1/models`, [`X-Forwarded-For: ${chain}`])
        expect([each, status]).toEqual([each, each === meant ? 200 : 401])
      }
    },
  )

  test.each([
    ['http, https', 'https'],
    ['https, http', 'http'],
    ['', 'http'],
  ])('the scheme is what the outermost trusted proxy wrote where it says %j', async (scheme, meant) => {
    for (const said of ['http', 'https']) {
      const further = [`X-Forwarded-Proto: ${scheme}`, 'X-Forwarded-For: 192.0.2.1']
      const [status] = await send('app.example.com', `${said}://app.example.com/ai/v1/models`, further)
      expect([said, status]).toEqual([said, said === meant ? 200 : 401])
    }
  })
})

describe('the way to the backend', () => {
  let backend: LenientUpstream
  let sidecar: OpenSidecar
  beforeAll(async () => {
    backend = await startLenientUpstream()
    sidecar = await openSidecar({ backend: backend.origin })
  })
  afterAll(async () => {
    await sidecar.close()
    await backend.close()
  })

  test.each(noHosts)('is closed to a request for the host %j, upgrades included', async (host) => {
    for (const lines of [[], ['Upgrade: websocket', 'Connection: Upgrade']]) {
      const text = ['GET /x HTTP/1.1', `Host: ${host}`, ...lines, '', ''].join('\r\n')
      const { statuses } = await rawConnection(sidecar.origin, text)
      expect(statuses).toEqual([400])
    }
    expect(backend.take()).toEqual([])
  })

  test.each(hosts)('is open to a request for the host %s', async (host) => {
    const { statuses } = await rawConnection(sidecar.origin, `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect(statuses).toEqual([200])
    expect(backend.take().join('')).toContain(`Host: ${host}\r\n`)
  })

  test.each(['http://u@a/x', 'http://u:p@a/x', 'http://a:99999/x', 'http://a%/x', 'http://[/x', 'http:///x'])(
    'is closed to the target %s, whatever host is named',
    async (target) => {
      for (const host of ['a', new RegExp('^http://([^/]*)').exec(target)?.[1] ?? '']) {
        const { statuses } = await rawConnection(sidecar.origin, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
        expect(statuses).toEqual([400])
      }
      expect(backend.take()).toEqual([])
    },
  )
})
