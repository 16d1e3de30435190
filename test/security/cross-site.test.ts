import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { doorNames, type House, openHouse } from '../support/house.js'
import { rawExchange } from '../support/raw-exchange.js'

const listed = 'https://app.example.com'
type Headers = Readonly<Record<string, string>>

describe.each(doorNames)('cross-site, behind the %s door', (door) => {
  let backend: CookieBackend
  let house: House
  let own: string
  let cookie: string
  beforeAll(async () => {
    backend = await startCookieBackend()
    house = await openHouse({ door, callers: { forwardAuth: { url: backend.url } }, config: { browser: { origins: [listed] } } })
    own = house.origin
    cookie = backend.signIn('ada', 'acme')
  })
  afterAll(async () => {
    await house.close()
    await backend.stop()
  })

  /** fetch of Node sends what it is told to, as no browser's page could. */
  const send = (headers: Headers, method = 'POST', path = '/chat/completions'): Promise<Response> =>
    fetch(`${house.baseURL}${path}`, {
      method,
      headers: { cookie, 'content-type': 'application/json', 'sec-fetch-mode': 'cors', ...headers },
      ...(method === 'GET' ? {} : { body: JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] }) }),
    })

  test.each<[what: string, headers: () => Headers]>([
    ['a page of our own', () => ({ 'sec-fetch-site': 'same-origin', origin: own })],
    ['a page of our own that says nothing of its origin', () => ({ 'sec-fetch-site': 'same-origin' })],
    ['a page of our own in a browser without Fetch Metadata', () => ({ origin: own })],
    ['a page of a listed origin on another site', () => ({ 'sec-fetch-site': 'cross-site', origin: listed })],
    ['a page of a listed origin on the same site', () => ({ 'sec-fetch-site': 'same-site', origin: listed })],
    ['a page of a listed origin in a browser without Fetch Metadata', () => ({ origin: listed })],
    ['a page behind a proxy of development', () => ({ 'sec-fetch-site': 'same-origin', origin: 'http://localhost:5173' })],
    ['such a page with a certificate', () => ({ 'sec-fetch-site': 'same-origin', origin: 'https://app.localhost:3000' })],
    ['such a page at an address', () => ({ 'sec-fetch-site': 'same-origin', origin: 'http://[::1]:3000' })],
  ])('%s may call with its cookie', async (_, headers) => {
    expect((await send(headers())).status).toBe(200)
  })

  test.each<[what: string, headers: () => Headers]>([
    ['nothing that says where it came from', () => ({})],
    ['a cross-site mark and no origin', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['a same-site mark and no origin', () => ({ 'sec-fetch-site': 'same-site' })],
    ['the mark of a navigation', () => ({ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })],
    ['an empty mark', () => ({ 'sec-fetch-site': '' })],
    ['a mark that is not known', () => ({ 'sec-fetch-site': 'same-planet' })],
    ['a mark in capitals', () => ({ 'sec-fetch-site': 'Same-Origin' })],
    ['two marks in one', () => ({ 'sec-fetch-site': 'same-origin, cross-site' })],
    ['two marks the other way around', () => ({ 'sec-fetch-site': 'cross-site, same-origin' })],
    ['a mark under a name with an underscore', () => ({ sec_fetch_site: 'same-origin' })],
    ['another origin', () => ({ origin: 'https://evil.example' })],
    ['another origin beside a mark that says same-origin', () => ({ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' })],
    ['another origin on the same site', () => ({ origin: 'https://other.example.com', 'sec-fetch-site': 'same-site' })],
    ['an opaque origin', () => ({ origin: 'null' })],
    ['an opaque origin beside a mark that says same-origin', () => ({ origin: 'null', 'sec-fetch-site': 'same-origin' })],
    ['an empty origin', () => ({ origin: '' })],
    ['the listed origin with a port', () => ({ origin: `${listed}:8443` })],
    ['the listed origin over plain http', () => ({ origin: 'http://app.example.com', 'sec-fetch-site': 'cross-site' })],
    ['an origin that begins like the listed one', () => ({ origin: `${listed}.evil.example` })],
    ['an origin that ends like the listed one', () => ({ origin: 'https://evil-app.example.com' })],
    ['the listed origin with a path', () => ({ origin: `${listed}/` })],
    ['the listed origin in capitals', () => ({ origin: listed.toUpperCase() })],
    ['the listed origin in a list', () => ({ origin: `https://evil.example, ${listed}` })],
    [
      'our own host over another scheme, as Fetch Metadata says',
      () => ({ origin: own.replace('http:', 'https:'), 'sec-fetch-site': 'cross-site' }),
    ],
    ['our own host on another port', () => ({ origin: own.replace(/\d+$/, '1'), 'sec-fetch-site': 'same-site' })],
    ['a page of another server of this machine', () => ({ origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' })],
    ['such a page at another name', () => ({ origin: 'http://localhost:5173', 'sec-fetch-site': 'cross-site' })],
    ['such a page in a browser that says nothing', () => ({ origin: 'http://localhost:5173' })],
    ['a name that begins like this machine’s', () => ({ origin: 'http://localhost.evil.example', 'sec-fetch-site': 'same-origin' })],
    ['a name that ends like this machine’s', () => ({ origin: 'http://evillocalhost', 'sec-fetch-site': 'same-origin' })],
    ['an address that begins like this machine’s', () => ({ origin: 'http://127.0.0.1.evil.example', 'sec-fetch-site': 'same-origin' })],
    ['this machine as part of an address', () => ({ origin: 'http://evil.example/http://localhost', 'sec-fetch-site': 'same-origin' })],
    ['an application of this machine’s name', () => ({ origin: 'capacitor://localhost', 'sec-fetch-site': 'same-origin' })],
    ['two marks, one of them good', () => ({ origin: 'http://localhost:5173', 'sec-fetch-site': 'same-origin, cross-site' })],
    ['only a referrer of our own', () => ({ referer: `${own}/` })],
    ['a forwarded host that fits the origin', () => ({ origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' })],
  ])('a cookie beside %s is refused before anybody is asked whose it is', async (_, headers) => {
    const [asked, seen] = [backend.asked.length, house.emulator.seen.length]
    const answer = await send(headers())
    expect(answer.status).toBe(403)
    expect(['cross_site_refused', 'origin_not_allowed']).toContain(answer.headers.get('postern-refusal'))
    expect(answer.headers.get('x-request-id')).toMatch(/^_\._\./)
    expect(answer.headers.get('access-control-allow-origin')).toBe(null)
    expect([backend.asked.length, house.emulator.seen.length]).toEqual([asked, seen])
  })

  test.each([
    ['its own host from another scheme', () => own.replace('http:', 'https:')],
    ['its own host, which Fetch Metadata says is another site', () => own],
  ])('the record names the page that was refused: %s', async (_, origin) => {
    await send({ origin: origin(), 'sec-fetch-site': 'cross-site' })
    expect(house.ledger.entries.at(-1)).toMatchObject({ status: 403, refused: origin() })
  })

  test('a page of this machine is nothing to a Postern that is called by another name', async () => {
    const head = [`Host: app.example.com`, `Cookie: ${cookie}`, 'Origin: http://localhost:5173', 'Sec-Fetch-Site: same-origin']
    const answer = await rawExchange(own, ['GET /ai/v1/models HTTP/1.1', ...head, 'Connection: close', '', ''].join('\r\n'))
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*origin_not_allowed/)
  })

  test('a plain read is held to the same', async () => {
    expect((await send({}, 'GET', '/models')).status).toBe(403)
    expect((await send({ 'sec-fetch-site': 'same-site' }, 'GET', '/models')).status).toBe(403)
    expect((await send({ 'sec-fetch-site': 'same-origin' }, 'GET', '/models')).status).toBe(200)
  })

  test('a form of another site gets no session out of a cookie', async () => {
    const answer = await fetch(`${house.origin}/ai/session`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' },
      body: '{}',
    })
    expect(answer.status).toBe(403)
  })

  test('a listed page may send its cookie and read the answer, by its exact name and never by a wildcard', async () => {
    const answer = await send({ origin: listed, 'sec-fetch-site': 'cross-site' })
    expect(answer.headers.get('access-control-allow-origin')).toBe(listed)
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
    expect(answer.headers.get('vary')).toBe('Origin, Authorization, DPoP, Postern-Act-As, Cookie, Sec-Fetch-Site')
    const preflight = await fetch(`${house.baseURL}/chat/completions`, {
      method: 'OPTIONS',
      headers: {
        origin: listed,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type, x-stainless-lang',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-credentials')).toBe('true')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-stainless-lang')
    for (const [name, value] of preflight.headers) expect(`${name}: ${value}`).not.toContain('*')
  })

  test('a credential that only its owner can send needs no such proof', async () => {
    expect((await house.chat()).status).toBe(200)
  })
})
