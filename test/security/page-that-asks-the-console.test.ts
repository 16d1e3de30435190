import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askConsole, openPage } from '../support/ask-console.js'
import { type ConsoleWorld, type OpenConsole, openConsoleWorld } from '../support/console-world.js'

let world: ConsoleWorld
let opened: OpenConsole
let token: string

beforeAll(async () => {
  world = await openConsoleWorld()
  opened = await world.openConsole()
  token = await openPage(opened.link)
}, 60_000)

afterAll(() => world.close())

const everywhere = ['GET /', 'GET /page.js', 'GET /api/operator', 'POST /token', 'POST /api/reload'] as const

/** What a stranger gets. Even the token of the page must not help. */
async function strangerGets(what: string, headers: Readonly<Record<string, string | undefined>>): Promise<string> {
  const body = what.startsWith('POST') ? { code: 'x', confirm: 'reload' } : undefined
  const answer = await askConsole(opened.origin, what, { headers: { authorization: `Bearer ${token}`, ...headers }, body })
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  expect(answer.text).not.toMatch(/"name"|<html|token"/)
  return `${answer.status}`
}

describe('a page that is not the console’s own', () => {
  test.each(everywhere)('gets nothing of %s by a name that was rebound to 127.0.0.1', async (what) => {
    const { port } = new URL(opened.origin)
    for (const host of [
      `evil.example:${port}`,
      `localhost:${port}`,
      `127.0.0.1`,
      `127.0.0.1:1${port}`,
      `127.0.0.1.:${port}`,
      `[::1]:${port}`,
    ])
      expect([host, await strangerGets(what, { host })]).toEqual([host, '421'])
    expect(await strangerGets(what, { host: undefined })).toBe('421')
  })

  test.each(everywhere)('gets nothing of %s from another origin, another port and a frame without an origin', async (what) => {
    const { port } = new URL(opened.origin)
    const others = ['https://evil.example', 'http://127.0.0.1:3000', `http://localhost:${port}`, `https://127.0.0.1:${port}`, 'null']
    for (const origin of others) expect([origin, await strangerGets(what, { origin })]).toEqual([origin, '403'])
  })

  test.each(everywhere)('gets nothing of %s where the browser says that another site asks', async (what) => {
    for (const site of ['cross-site', 'same-site', 'none, same-origin'])
      expect([site, await strangerGets(what, { 'sec-fetch-site': site })]).toEqual([site, '403'])
  })

  test('cannot trade a code or change anything without an origin, which a browser sends with each POST', async () => {
    for (const what of ['POST /token', 'POST /api/reload']) expect(await strangerGets(what, { origin: undefined })).toBe('403')
  })

  test('gets no leave by a preflight', async () => {
    const answer = await askConsole(opened.origin, 'OPTIONS /api/reload', {
      headers: { origin: 'http://127.0.0.1:3000', 'access-control-request-method': 'POST', 'sec-fetch-site': 'same-site' },
    })
    expect(answer.status).toBe(403)
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  })

  test('uses no code up that it does not know', async () => {
    const link = await opened.anotherLink()
    const code = new URL(link).hash.slice('#code='.length)
    expect((await askConsole(opened.origin, 'POST /token', { headers: { origin: 'http://127.0.0.1:3000' }, body: { code } })).status).toBe(
      403,
    )
    expect((await askConsole(opened.origin, 'POST /token', { body: { code: 'guessed' } })).status).toBe(401)
    token = await openPage(link)
  })
})

describe('the console', () => {
  test('answers a request of a page only with the token in the header, and sets no cookie', async () => {
    const own = (headers: Readonly<Record<string, string>>) => askConsole(opened.origin, 'GET /api/operator', { headers })
    for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: `Bearer ${token}x` }, { cookie: `token=${token}` }])
      expect((await own(headers as Record<string, string>)).body?.error?.code).toBe('session_over')
    const answer = await own({ authorization: `Bearer ${token}` })
    expect([answer.status, answer.body?.['name'], answer.headers['set-cookie']]).toEqual([200, 'ops', undefined])
  })

  test('forbids every answer to be framed, kept, embedded, or to turn a text into a script', async () => {
    for (const what of ['GET /', 'GET /page.js', 'GET /page.css', 'GET /api/operator', 'GET /nothing']) {
      const { headers } = await askConsole(opened.origin, what)
      expect(headers, what).toMatchObject({
        'content-security-policy': expect.stringMatching(
          /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'$/,
        ) as string,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
    }
  })

  test('holds neither its credential nor a key in what it serves', async () => {
    const page = await askConsole(opened.origin, 'GET /page.js')
    expect(page.text).not.toMatch(/jt_[A-Za-z0-9]|innerHTML\s*=[^=]*location/)
    expect(opened.running.stdout()).not.toMatch(/jt_[A-Za-z0-9]/)
  })

  test.each([
    ['a body without end', { body: `{"code":"${'x'.repeat(100_000)}"}` }],
    ['a body that is no JSON', { body: 'code=x' }],
    ['a form', { body: '{"code":"x"}', headers: { 'content-type': 'text/plain' } }],
  ])('takes no code from %s', async (_, question) => {
    const answer = await askConsole(opened.origin, 'POST /token', question).catch(() => undefined)
    expect(answer === undefined || answer.status === 401).toBe(true)
  })

  test('ends a connection that sends something else than HTTP, and goes on', async () => {
    const socket = connect(Number(new URL(opened.origin).port), '127.0.0.1')
    socket.write('\x16\x03\x01\r\n\r\n')
    await new Promise((closed) => socket.on('close', closed).on('error', () => {}))
    expect((await askConsole(opened.origin, 'GET /')).status).toBe(200)
  })
})
