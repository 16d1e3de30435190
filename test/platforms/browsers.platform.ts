import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { createServer as createVite } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { findProgram } from '../support/programs.js'
import { type House, listenAnywhere, openHouse } from '../support/house.js'
import { home, layProgram, root } from './programs.js'

const page = `
import { createPostern } from '${join(root, 'packages/client/dist/index.js')}'
globalThis.ask = async (options, model) => {
  const postern = createPostern(options.token ? { url: options.url, token: async () => options.token } : options)
  const stream = await postern.openai({ maxRetries: 0 }).chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello' }], stream: true })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  const whole = await postern.fetch(new Request(postern.baseURL + '/models'))
  return { text, finish: (await postern.governance(stream)).finish, models: whole.status }
}
`
const expected = { text: 'You said: Hello', finish: 'complete', models: 200 }

interface Page {
  goto(url: string): Promise<unknown>
  evaluate(code: string): Promise<unknown>
}
interface Puppeteer {
  launch(options: object): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>
}

describe('pages', () => {
  let backend: CookieBackend
  let house: House
  let pages: Server
  let origin: string
  let script: string
  beforeAll(async () => {
    const built = await build({ stdin: { contents: page, resolveDir: root }, bundle: true, format: 'iife', write: false })
    script = built.outputFiles[0]?.text ?? ''
    pages = createServer((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><script>${script}</script>`),
    )
    origin = await listenAnywhere(pages)
    backend = await startCookieBackend()
    house = await openHouse({ callers: { forwardAuth: { url: backend.url } }, config: { browser: { origins: [origin] } } })
  })
  afterAll(async () => {
    pages.closeAllConnections()
    pages.close()
    await house.close()
    await backend.stop()
  })

  test('of another origin call from Firefox, which asks before it sends what the SDK calls itself', async () => {
    const executablePath = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => existsSync(path))
    if (executablePath === undefined) throw new Error('There is no Firefox: apt-get install firefox-esr')
    const { default: puppeteer } = (await import(createRequire(join(home, 'package.json')).resolve('puppeteer-core'))) as {
      default: Puppeteer
    }
    const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true })
    try {
      const opened = await browser.newPage()
      await opened.goto(origin)
      const { token } = await house.minter.mint({ user: 'ada', team: 'acme' })
      expect(await opened.evaluate(`ask(${JSON.stringify({ url: `${house.origin}/ai`, token })}, '${house.model}')`)).toEqual(expected)
    } finally {
      await browser.close()
    }
  })

  test('that Vite serves call by their cookie through its proxy, which has a name of its own', async () => {
    const folder = layProgram('vite', { 'index.html': `<!doctype html><script type="module" src="/main.js"></script>`, 'main.js': page })
    const proxy = { '/ai': { target: house.origin, changeOrigin: true } }
    const vite = await createVite({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      server: { port: 0, host: '127.0.0.1', proxy, fs: { strict: false } },
    })
    await vite.listen()
    const { port } = new URL(vite.resolvedUrls?.local[0] ?? '')
    const browser = await launchChromium(findProgram('chromium') as string)
    try {
      const context = await browser.newContext()
      const cookies = backend.signIn('ada', 'acme').split('; ')
      await context.addCookies(
        cookies.map((cookie) => {
          const [name = '', value = ''] = cookie.split('=')
          return { name, value, url: `http://127.0.0.1:${port}` }
        }),
      )
      const opened = await context.newPage()
      await opened.goto(`http://127.0.0.1:${port}/`)
      await opened.waitForFunction('globalThis.ask')
      expect(await opened.evaluate(`ask({ url: '/ai' }, '${house.model}')`)).toEqual(expected)
      expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'ada', status: 200 })
    } finally {
      await browser.close()
      await vite.close()
    }
  })
})
