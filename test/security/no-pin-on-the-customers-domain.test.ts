import { createServer } from 'node:http'
import { checkConfig, type ConfigInput } from '@postern/config'
import { afterEach, describe, expect, test } from 'vitest'
import { createDataListener } from '../../sidecar/src/data-listener.js'
import { type DoorName, doorNames, type House, listenAnywhere, openHouse } from '../support/house.js'

const page = 'https://app.example.com'

/** One answer of each sort that Postern gives under its mount. */
async function answersOf(house: House): Promise<Readonly<Record<string, Response>>> {
  const session = (await house.minter.mint({ user: 'ada', team: 'acme' })).token
  const url = `${house.baseURL}/chat/completions`
  const preflight = (origin: string) => fetch(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
  const all = {
    json: await house.chat(),
    stream: await house.chat({ body: { stream: true } }),
    'to a page': await house.chat({ headers: { origin: page } }),
    'refused, unknown': await house.chat({ credential: null }),
    'refused, by policy of the gateway': await house.chat({ body: { model: 'emulate/policy_rejected' } }),
    'not there': await fetch(`${house.origin}/ai/nothing`),
    'a session ended': await fetch(`${house.origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${session}` } }),
    preflight: await preflight(page),
    'a preflight refused': await preflight('https://evil.example'),
    'outside the mount': await fetch(`${house.origin}/nothing`),
  }
  for (const answer of Object.values(all)) await answer.arrayBuffer()
  return all
}

describe.each(doorNames)('behind the %s door', (door: DoorName) => {
  test('no answer binds the host, or any below it, to TLS', async () => {
    const house = await openHouse({ door, config: { browser: { origins: [page] } } })
    try {
      for (const [sort, answer] of Object.entries(await answersOf(house)))
        expect([sort, answer.headers.get('strict-transport-security')]).toEqual([sort, null])
    } finally {
      await house.close()
    }
  })

  test.each([
    [{ maxAge: '365d' }, 'max-age=31536000'],
    [{ maxAge: '1h', includeSubDomains: true }, 'max-age=3600; includeSubDomains'],
    [{ maxAge: '0s' }, 'max-age=0'],
  ])('where the operator writes %o, every answer of Postern says so', async (hsts, expected) => {
    const house = await openHouse({ door, config: { browser: { origins: [page], hsts } } })
    try {
      for (const [sort, answer] of Object.entries(await answersOf(house)))
        expect([sort, answer.headers.get('strict-transport-security')]).toEqual([sort, expected])
    } finally {
      await house.close()
    }
  })

  test('an API answer carries what it needs of page security and no more', async () => {
    const house = await openHouse({ door, config: { browser: { origins: [page] } } })
    const ofPages = [
      'origin-agent-cluster',
      'referrer-policy',
      'x-dns-prefetch-control',
      'x-download-options',
      'x-frame-options',
      'x-permitted-cross-domain-policies',
      'x-xss-protection',
      'cross-origin-opener-policy',
    ]
    try {
      for (const answer of [await house.chat(), await house.chat({ credential: null }), await house.chat({ headers: { origin: page } })]) {
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
        expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
        expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
        // Also where the Express application has page security of its own before it, as that of the tests has.
        expect(ofPages.filter((name) => answer.headers.has(name))).toEqual([])
      }
    } finally {
      await house.close()
    }
  })
})

describe('the data listener of the process', () => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  async function open(config: Partial<ConfigInput>): Promise<string> {
    const house = await openHouse({ config })
    const { server, cut } = await createDataListener(house.runtime, {
      pages: (app) => {
        app.get('/page', (_request, response) => response.send('<h1>A page</h1>'))
      },
    })
    closing.push(
      () => house.close(),
      () =>
        new Promise((closed) => {
          server.close(closed)
          cut()
        }),
    )
    return listenAnywhere(server)
  }

  async function nobodyThere(): Promise<string> {
    const server = createServer()
    const origin = await listenAnywhere(server)
    await new Promise((closed) => server.close(closed))
    return origin
  }

  test('binds nothing by its pages, by its refusals, or for a backend that is away', async () => {
    const alone = await open({})
    const before = await open({ backend: { url: await nobodyThere() } })
    for (const url of [`${alone}/`, `${alone}/ai/v1/models`, `${before}/`, `${before}/ai/v1/models`]) {
      for (const accept of ['text/html', 'application/json']) {
        const answer = await fetch(url, { headers: { accept } })
        expect([url, answer.headers.get('strict-transport-security')]).toEqual([url, null])
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      }
    }
  })

  test('keeps page security on its own error page', async () => {
    const answer = await fetch(`${await open({ backend: { url: await nobodyThere() } })}/`, { headers: { accept: 'text/html' } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8'])
    expect(answer.headers.get('x-frame-options')).toBe('SAMEORIGIN')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('keeps page security, and binds the host, on pages of a process that is configured to', async () => {
    const answer = await fetch(`${await open({ browser: { hsts: { maxAge: '1d' } } })}/page`)
    expect(answer.headers.get('strict-transport-security')).toBe('max-age=86400')
    expect(answer.headers.get('x-frame-options')).toBe('SAMEORIGIN')
  })

  test('takes no lifetime that is none', () => {
    const { problems } = checkConfig({ browser: { hsts: { maxAge: 'for ever' } } }, { env: {}, directory: process.cwd() })
    expect(problems.map(({ path }) => path)).toContain('browser.hsts.maxAge')
  })
})
