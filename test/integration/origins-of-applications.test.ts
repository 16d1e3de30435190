import { checkConfig } from '@postern/config'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

/** As the platforms document them: Capacitor, Ionic, Tauri, Electron, and extensions of Chromium, Firefox, Safari and Visual Studio Code. */
const applications = [
  'capacitor://localhost',
  'ionic://localhost',
  'tauri://localhost',
  'http://tauri.localhost',
  'https://localhost',
  'app://-',
  'app://obsidian.md',
  'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai',
  'moz-extension://9e1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8',
  'safari-web-extension://3C0F0C2D-6B0A-4E0B-9E0C-9A8B7C6D5E4F',
  'vscode-webview://1i7fr3h1mg9p0s3c5qv5pl7b8u4d4cj0a2',
]

/** What the browser of such an application asks before it calls; Firefox names what an SDK calls itself too. */
const asked = 'authorization,content-type,user-agent,x-stainless-arch,x-stainless-lang,x-stainless-retry-count'

describe('pages of applications', () => {
  forEachDoor({ config: { browser: { origins: applications } } }, (house) => {
    const preflight = (origin: string, headers = asked) =>
      fetch(`${house().baseURL}/chat/completions`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
      })

    test.each(applications)('of the origin %s may call where it is listed, and a session may be bound to it', async (origin) => {
      const asks = await preflight(origin)
      expect([asks.status, asks.headers.get('access-control-allow-origin')]).toEqual([204, origin])
      const allowed = asks.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
      for (const name of asked.split(',')) expect(allowed).toContain(name)
      const { token } = await house().minter.mint({ user: 'ada', team: 'acme', origin })
      const headers = { origin, 'sec-fetch-site': 'cross-site' }
      const answer = await house().chat({ credential: token, headers })
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin])
      expect((await house().chat({ credential: token, headers: { origin: 'https://localhost.evil.example' } })).status).toBe(403)
    })

    test.each([
      'capacitor://localhost.evil',
      'CAPACITOR://localhost',
      'capacitor://localhost/',
      'tauri://',
      'file://',
      'null',
      'app://other',
    ])('of the origin %s may not', async (origin) => {
      expect((await preflight(origin)).status).toBe(403)
      expect((await house().chat({ headers: { origin } })).status).toBe(403)
    })
  })

  test.each([
    'file://',
    'file:///app',
    'null',
    'data://x',
    'capacitor://',
    'capacitor://localhost/',
    'capacitor://*',
    '*',
    '://x',
    'wss://x',
    'javascript://x',
    'app://a b',
    'https:/x',
  ])('cannot be listed as %s', (origin) => {
    const { problems } = checkConfig({ version: 1, browser: { origins: [origin] } }, { env: {}, directory: '/' })
    const found = problems.find(({ path }) => path === 'browser.origins[0]')
    expect(found?.reason).toMatch(/not an origin/)
    expect(found?.fix).toContain('capacitor://localhost')
  })
})
