import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator, USUAL_MODELS } from '@postern/emulator'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { listenAnywhere } from '../support/house.js'
import { findProgram } from '../support/programs.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const executablePath = findProgram('chromium')
const model = USUAL_MODELS.joytoken

/** What a page got. */
interface Got {
  readonly status: number
  readonly refusal: string | null
  readonly body: { readonly token?: string; readonly choices?: readonly unknown[] }
}

/** What a page may say of a request; all of it can be handed to the page. */
interface Asked {
  readonly method?: string
  readonly credentials?: 'include' | 'omit'
  readonly mode?: 'no-cors'
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Has a page ask; the browser itself writes Origin, Sec-Fetch-Site and the cookie. */
function ask(page: Page, url: string, init: Asked = {}): Promise<Got | string> {
  return page.evaluate(
    async (asked) => {
      try {
        const answer = await fetch(asked.url, asked.init)
        return { status: answer.status, refusal: answer.headers.get('postern-refusal'), body: (await answer.json()) as Got['body'] }
      } catch {
        return 'the browser forbids it'
      }
    },
    { url, init },
  )
}

describe.skipIf(executablePath === undefined)('in Chromium, a page of an application behind Postern', () => {
  const key = issueKey('joytoken')
  let cwd: string
  let emulator: Emulator
  let backend: CookieBackend
  let postern: RunningPostern
  let elsewhere: Server
  let origin: string
  let listed: string
  let unlisted: string
  let browser: Browser
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'postern-cookie-'))
    emulator = await startEmulator('joytoken', { keys: [key] })
    backend = await startCookieBackend()
    elsewhere = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Elsewhere</title>'),
    )
    listed = await listenAnywhere(elsewhere)
    unlisted = listed.replace('127.0.0.1', 'localhost')
    const config = {
      version: 1,
      listen: { port: 0 },
      backend: { url: backend.origin },
      browser: { origins: [listed] },
      gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } }, forwardAuth: { url: backend.url } },
      store: { memory: true },
    }
    writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
    postern = startPostern(['start', '--config', 'postern.json'], {
      cwd,
      env: { KEY: key.secret, SESSION: randomBytes(32).toString('base64url') },
    })
    origin = new URL((await postern.prints(/"url":"([^"]+)"/))[1] as string).origin
    browser = await launchChromium(executablePath as string)
    context = await browser.newContext()
    page = await context.newPage()
    await page.goto(origin)
    await page.evaluate(() => fetch('/login/ada/acme', { method: 'POST' }))
  })
  afterAll(async () => {
    await browser.close()
    postern.child.kill('SIGINT')
    await postern.finished
    elsewhere.closeAllConnections()
    elsewhere.close()
    await Promise.all([backend.stop(), emulator.close()])
    rmSync(cwd, { recursive: true })
  })

  const chat = (headers: Readonly<Record<string, string>> = {}): Asked & { readonly body: string } => ({
    method: 'POST',
    credentials: 'include',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  })

  test('calls with nothing but its cookie, and reads', async () => {
    expect(await ask(page, '/ai/v1/chat/completions', chat())).toMatchObject({ status: 200, refusal: null })
    expect(await ask(page, '/ai/v1/models')).toMatchObject({ status: 200 })
  })

  test('trades its cookie for a session that is bound to it', async () => {
    const given = (await ask(page, '/ai/session', { method: 'POST' })) as Got
    expect(given.status).toBe(201)
    const { token } = given.body
    const bearer = { authorization: `Bearer ${token}` }
    expect(await ask(page, '/ai/v1/chat/completions', { ...chat(bearer), credentials: 'omit' })).toMatchObject({ status: 200 })
    const other = await context.newPage()
    await other.goto(listed)
    expect(await ask(other, `${origin}/ai/v1/chat/completions`, { ...chat(bearer), credentials: 'omit' })).toMatchObject({
      status: 403,
      refusal: 'origin_not_allowed',
    })
    await other.close()
  })

  test('proves with a key that it cannot give away, and nobody else can use its token', async () => {
    const results = await page.evaluate(async (body) => {
      const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
      const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
      const base64url = (bytes: ArrayBuffer | Uint8Array): string =>
        btoa(String.fromCharCode(...new Uint8Array(bytes)))
          .replaceAll('+', '-')
          .replaceAll('/', '_')
          .replaceAll('=', '')
      const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
      const prove = async (path: string, token?: string): Promise<string> => {
        const ath = token === undefined ? {} : { ath: base64url(await crypto.subtle.digest('SHA-256', encode(token))) }
        const claims = { jti: crypto.randomUUID(), htm: 'POST', htu: location.origin + path, iat: Math.floor(Date.now() / 1000), ...ath }
        const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }
        const signed = `${base64url(encode(JSON.stringify(header)))}.${base64url(encode(JSON.stringify(claims)))}`
        return `${signed}.${base64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, encode(signed)))}`
      }
      const given = await fetch('/ai/session', { method: 'POST', headers: { dpop: await prove('/ai/session') } })
      const { token } = (await given.json()) as { token: string }
      const path = '/ai/v1/chat/completions'
      const call = async (headers: Record<string, string>): Promise<number> =>
        (await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })).status
      const proven = { authorization: `DPoP ${token}`, dpop: await prove(path, token) }
      return [given.status, await call(proven), await call(proven), await call({ authorization: `Bearer ${token}` })]
    }, chat().body)
    expect(results).toEqual([201, 200, 401, 401])
  })

  test('may be a page of a listed origin, which the browser lets read the answer', async () => {
    const other = await context.newPage()
    await other.goto(listed)
    expect(await ask(other, `${origin}/ai/v1/chat/completions`, chat({ 'x-workflow-id': 'from-elsewhere' }))).toMatchObject({
      status: 200,
    })
    await other.close()
  })

  test('is not a page of another origin, whatever that tries', async () => {
    const seen = emulator.seen.length
    const asked = backend.asked.length
    const other = await context.newPage()
    await other.goto(unlisted)
    const tries: [string, Asked][] = [
      [`${origin}/ai/v1/chat/completions`, chat()],
      [`${origin}/ai/v1/chat/completions`, { ...chat(), headers: { 'content-type': 'text/plain' } }],
      [`${origin}/ai/session`, { method: 'POST', credentials: 'include' }],
      [`${origin}/ai/v1/models`, { credentials: 'include' }],
      [`${origin}/ai/session`, { method: 'POST', credentials: 'include', mode: 'no-cors' }],
    ]
    for (const [url, init] of tries) expect(await ask(other, url, init)).toBe('the browser forbids it')
    await other.setContent(
      `<form method="post" action="${origin}/ai/v1/chat/completions" enctype="text/plain"><input name='{"model":"' value='"}'></form>`,
    )
    const [posted] = await Promise.all([other.waitForNavigation(), other.evaluate(() => document.forms[0]?.submit())])
    expect(posted?.status()).toBe(403)
    const navigated = await other.goto(`${origin}/ai/v1/models`)
    expect(navigated?.status()).toBe(403)
    await other.close()
    expect([emulator.seen.length, backend.asked.length]).toEqual([seen, asked])
  })
})
