import { createServer, type Server } from 'node:http'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Emulator, issueKey, startEmulator, USUAL_MODELS } from '@postern/emulator'
import { createSessionMinter } from '@postern/server'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { listenAnywhere } from '../support/house.js'
import { findProgram } from '../support/programs.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'
import type { PageOptions, PageTools } from '../client/page/tools.js'

declare const tools: PageTools

const executablePath = findProgram('chromium')
const model = USUAL_MODELS.joytoken

/** A request that the browser made, with all that it said. */
interface Sent {
  readonly url: string
  readonly headers: Promise<Record<string, string>>
  readonly body: string | null
  readonly status: Promise<number | undefined>
}

function noteRequest(request: Request): Sent {
  return {
    url: request.url(),
    // What its page took along when it closed was known before.
    headers: request.allHeaders().catch(() => request.headers()),
    body: request.postData(),
    status: request.response().then(
      (response) => response?.status(),
      () => undefined,
    ),
  }
}

/** An application: a page with the client in its bundle, a cookie session, and a path that mints session tokens. */
function createApplication(bundle: Uint8Array, sessionSecret: string): { readonly server: Server; readonly minted: () => number } {
  const minter = createSessionMinter({ secret: sessionSecret })
  let minted = 0
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://application')
    const isSignedIn = request.headers.cookie?.includes('sid=ada') === true
    const answers: Record<string, () => unknown> = {
      '/': () => response.setHeader('content-type', 'text/html').end('<!doctype html><script type="module" src="/page.js"></script>'),
      '/page.js': () => response.setHeader('content-type', 'text/javascript').end(bundle),
      '/login': () => response.setHeader('set-cookie', 'sid=ada; HttpOnly; SameSite=Lax; Path=/').end(),
      '/api/me': () => (isSignedIn ? response.end('{"user":"ada","team":"acme"}') : response.writeHead(401).end()),
      '/api/token': async () => {
        minted += 1
        const jkt = url.searchParams.get('jkt') ?? undefined
        const ttl = url.searchParams.get('ttl') ?? '10m'
        const { token } = await minter.mint({ user: 'ada', team: 'acme', ttl, ...(jkt === undefined ? {} : { jkt }) })
        // Pages of other origins are given one too: what is tried here is the client.
        response.setHeader('access-control-allow-origin', '*').end(token)
      },
    }
    const answer = answers[url.pathname]
    if (answer === undefined) response.writeHead(404).end()
    else void answer()
  })
  return { server, minted: () => minted }
}

describe.skipIf(executablePath === undefined)('in Chromium, a page with the client in its bundle', () => {
  const key = issueKey('joytoken')
  const sessionSecret = randomBytes(32).toString('base64url')
  let cwd: string
  let bundle: Uint8Array
  let emulator: Emulator
  let application: ReturnType<typeof createApplication>
  let backend: string
  let elsewhere: Server
  let postern: RunningPostern
  /** Postern's own origin, on localhost, where the page is. */
  let origin: string
  let listed: string
  let unlisted: string
  let browser: Browser
  let context: BrowserContext
  let page: Page
  const sent: Sent[] = []

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [resolve(import.meta.dirname, '../client/page/tools.ts')],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
    })
    bundle = outputFiles[0]?.contents as Uint8Array
    cwd = mkdtempSync(join(tmpdir(), 'postern-client-'))
    emulator = await startEmulator('joytoken', { keys: [key] })
    application = createApplication(bundle, sessionSecret)
    backend = await listenAnywhere(application.server)
    elsewhere = createApplication(bundle, sessionSecret).server
    listed = await listenAnywhere(elsewhere)
    unlisted = listed.replace('127.0.0.1', 'localhost')
    const config = {
      version: 1,
      listen: { port: 0 },
      backend: { url: backend },
      browser: { origins: [listed] },
      gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } }, forwardAuth: { url: `${backend}/api/me` }, dpop: { nonce: true } },
      store: { memory: true },
    }
    writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
    postern = startPostern(['start', '--config', 'postern.json'], { cwd, env: { KEY: key.secret, SESSION: sessionSecret } })
    origin = new URL((await postern.prints(/"url":"([^"]+)"/))[1] as string).origin.replace('127.0.0.1', 'localhost')
    browser = await launchChromium(executablePath as string)
    context = await browser.newContext()
    context.on('request', (request) => sent.push(noteRequest(request)))
    page = await open(origin)
    await page.evaluate(() => fetch('/login'))
  })
  afterAll(async () => {
    await browser.close()
    postern.child.kill('SIGINT')
    await postern.finished
    for (const server of [application.server, elsewhere]) {
      server.closeAllConnections()
      server.close()
    }
    await emulator.close()
    rmSync(cwd, { recursive: true })
  })

  async function open(url: string, how: BrowserContext = context): Promise<Page> {
    const opened = await how.newPage()
    await opened.goto(url)
    await opened.waitForFunction(() => 'tools' in globalThis)
    return opened
  }
  const chat = (where: Page, options: PageOptions, prompt = 'good morning') =>
    where.evaluate((asked) => tools.chat(asked.options, asked.model, asked.prompt), { options, model, prompt })
  const stream = (where: Page, options: PageOptions, prompt = 'good morning') =>
    where.evaluate((asked) => tools.stream(asked.options, asked.model, asked.prompt), { options, model, prompt })
  const whole = { text: 'You said: good morning', record: { key: 'acme', finish: 'complete' } }

  const ways: readonly [way: string, options: Omit<PageOptions, 'url'>][] = [
    ['its cookie', {}],
    ['a session token', { token: '/api/token' }],
    ['a session token that is bound to a key', { token: '/api/token', dpop: true }],
    ['its cookie, traded for a session that is bound to a key', { dpop: true }],
  ]

  test.each(ways)('chats and streams with %s on its own origin', async (_, options) => {
    expect(await chat(page, { url: '/ai', ...options })).toMatchObject(whole)
    expect(await stream(page, { url: '/ai', ...options })).toMatchObject(whole)
  })

  test.each(ways.slice(1, 3))('chats and streams with %s from another origin', async (_, options) => {
    const other = await open(listed)
    expect(await chat(other, { url: `${origin}/ai`, ...options })).toMatchObject(whole)
    expect(await stream(other, { url: `${origin}/ai`, ...options })).toMatchObject(whole)
    await other.close()
  })

  test('chats with its cookie from another origin of the same site', async () => {
    const address = origin.replace('localhost', '127.0.0.1')
    const signedIn = await open(address)
    await signedIn.evaluate(() => fetch('/login'))
    await signedIn.close()
    const other = await open(listed)
    expect(await chat(other, { url: `${address}/ai` })).toMatchObject(whole)
    expect(await stream(other, { url: `${address}/ai`, dpop: true })).toMatchObject(whole)
    await other.close()
  })

  test('is told why where its origin is not allowed, and nothing reaches the gateway', async () => {
    const before = emulator.seen.length
    const other = await open(unlisted)
    expect(await chat(other, { url: `${origin}/ai`, token: '/api/token' })).toMatchObject({
      error: { name: 'Error', message: 'Connection error.' },
    })
    expect(emulator.seen.length).toBe(before)
    await other.close()
  })

  test('sees refusals with their codes, also from another origin', async () => {
    const other = await open(listed)
    for (const [where, url] of [
      [page, '/ai'],
      [other, `${origin}/ai`],
    ] as const)
      expect(await chat(where, { url, token: '/api/token' }, 'emulate: policy_rejected')).toMatchObject({
        error: { status: 403, code: 'gateway_policy_refused' },
        record: { finish: 'upstream_error' },
      })
    await other.close()
  })

  test.each(['emulate: cut-stream', 'emulate: stream-error', 'emulate: end-without-done'])(
    'takes no part of an answer for the whole: %s',
    async (prompt) => {
      const { error, text, record } = await stream(page, { url: '/ai' }, prompt)
      expect(error).toMatchObject({ name: 'PosternStreamError', received: text })
      expect(record?.finish).toBe(prompt === 'emulate: stream-error' ? 'upstream_error' : 'truncated')
    },
  )

  /** When the gateway sees the end of the next request, whoever ended it. */
  async function nextEnd(): Promise<number> {
    const before = emulator.seen.length
    while (emulator.seen.length === before) await new Promise((resolve) => setTimeout(resolve, 5))
    await emulator.seen[before]?.ended
    return Date.now()
  }

  // Other suites load the machine; one quiet moment in three is enough to tell.
  test('cancels, and the gateway sees it within 100 ms', { retry: 2 }, async () => {
    const took: number[] = []
    for (const how of ['abort', 'break', 'abort', 'break', 'abort', 'break'] as const) {
      const ended = nextEnd()
      const cancelled = await page.evaluate((asked) => tools.cancel({ url: '/ai' }, asked.model, asked.how), { model, how })
      took.push((await ended) - cancelled.at)
      expect(emulator.seen.at(-1)?.abandonedAfterMs).toBeGreaterThan(0)
      expect(cancelled.record).toMatchObject({ finish: 'client_closed' })
    }
    process.stdout.write(`The gateway saw cancellations after ${took.join(', ')} ms.\n`)
    expect(Math.max(...took)).toBeLessThan(100)
  })

  test('cancels before an answer has begun', async () => {
    const before = emulator.seen.length
    expect(await page.evaluate((name) => tools.cancelEarly({ url: '/ai' }, name), model)).toBe('APIUserAbortError')
    const seen = emulator.seen[before]
    await seen?.ended
    expect(seen?.abandonedAfterMs).toBeLessThan(1000)
  })

  test.each([false, true])(
    'goes through the end of its tokens in the middle of a session without a refusal, with a key: %s',
    async (dpop) => {
      const before = application.minted()
      const firstSent = sent.length
      const errors = await page.evaluate(
        (asked) => tools.keepChatting({ url: '/ai', token: '/api/token?ttl=2s', dpop: asked.dpop }, asked.model, 5000),
        {
          model,
          dpop,
        },
      )
      expect(errors).toEqual([])
      expect(application.minted() - before).toBeGreaterThan(2)
      expect(application.minted() - before).toBeLessThan(8)
      const statuses = await Promise.all(sent.slice(firstSent).map(({ status }) => status))
      // The two calls that begin together learn of the nonce from a refusal each.
      expect(statuses.filter((status) => status === 401).length).toBe(dpop ? 2 : 0)
    },
  )

  test('replaces a token that Postern calls expired, once for all calls that met the same', async () => {
    const before = application.minted()
    const results = await page.evaluate((name) => tools.withExpired({ url: '/ai' }, name), model)
    expect(results).toEqual([true, true, true])
    expect(application.minted() - before).toBe(2)
  })

  test('keeps one key over reloads and for all its windows, which nobody can take out', async () => {
    const bound: Page[] = [await open(origin), await open(origin)]
    const thumbprints = await Promise.all([page, ...bound].map((opened) => opened.evaluate(() => tools.thumbprint({ url: '/ai' }))))
    expect(new Set(thumbprints).size).toBe(1)
    expect(await page.evaluate(() => tools.exportKey())).toBe('InvalidAccessError')
    await Promise.all(bound.map((opened) => opened.close()))
  })

  test('works where there is no database for its key', async () => {
    const blocked = await open(origin)
    await blocked.evaluate(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('The user denied permission.', 'SecurityError')
      }
    })
    expect(await chat(blocked, { url: '/ai', dpop: true })).toMatchObject(whole)
    await blocked.evaluate(() => {
      // Never says anything.
      IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest
    })
    expect(await chat(blocked, { url: '/ai', dpop: true })).toMatchObject(whole)
    await blocked.close()
  })

  test('works where the clock is wrong', async () => {
    const wrong = await open(origin)
    await wrong.evaluate(() => {
      const now = Date.now.bind(Date)
      Date.now = () => now() + 3_600_000
    })
    expect(await chat(wrong, { url: '/ai', dpop: true })).toMatchObject(whole)
    expect(await chat(wrong, { url: '/ai', token: '/api/token', dpop: true })).toMatchObject(whole)
    await wrong.close()
  })

  test('works in a worker, of a file and of a blob, with a relative address', async () => {
    expect(await page.evaluate((name) => tools.inWorker('/page.js', name), model)).toMatchObject(whole)
    expect(await page.evaluate((name) => tools.inBlobWorker('/page.js', name), model)).toMatchObject(whole)
  })

  test('says what is wrong where nobody is signed in', async () => {
    const stranger = await browser.newContext()
    const signedOut = await open(origin, stranger)
    for (const dpop of [false, true])
      expect(await chat(signedOut, { url: '/ai', dpop })).toMatchObject({
        error: { status: 401, code: 'caller_missing' },
        record: { finish: 'refused' },
      })
    await stranger.close()
  })

  test('held no gateway key, and gave no credential to anybody but Postern', async () => {
    expect(Buffer.from(bundle).includes(key.secret)).toBe(false)
    expect(Buffer.from(bundle).includes(sessionSecret)).toBe(false)
    expect(Buffer.from(bundle).toString('latin1')).not.toMatch(/\b(?:jt_|sk-|mt_live_|fai_)[A-Za-z0-9_-]{16,}/)
    const ways = new Set<string>()
    const ours = [origin, origin.replace('localhost', '127.0.0.1')]
    for (const { url, headers: given, body } of sent) {
      const headers = await given
      const everything = JSON.stringify([url, headers, body])
      expect(everything).not.toContain(key.secret)
      expect(everything).not.toMatch(/\b(?:jt_|sk-|mt_live_|fai_)[A-Za-z0-9_-]{16,}/)
      ways.add(headers['authorization']?.split(' ')[0] ?? (headers['cookie'] === undefined ? 'none' : 'a cookie'))
      if (headers['authorization'] === undefined && headers['dpop'] === undefined) continue
      expect(ours).toContain(new URL(url).origin)
      expect(headers['authorization'] ?? 'Bearer ey').toMatch(/^(?:Bearer|DPoP) ey/)
    }
    // How many a test sends goes by how fast the machine is; each way of signing in was looked at.
    expect(ways).toEqual(new Set(['none', 'a cookie', 'Bearer', 'DPoP']))
    expect(
      new Set(
        sent
          .map(({ url }) => new URL(url))
          .filter(({ protocol }) => protocol !== 'blob:')
          .map((url) => url.origin),
      ),
    ).toEqual(new Set([...ours, listed, unlisted]))
  })
})
