import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { consoleEntries, consoleEntry } from '../support/console-entries.js'
import { type ConsoleWorld, type OpenConsole, openConsoleWorld } from '../support/console-world.js'
import { findFaintBorders, findSerious, overflowOf } from '../support/look-at-page.js'
import { findProgram } from '../support/programs.js'

const executablePath = findProgram('chromium')
const pictures = process.env['POSTERN_PICTURES']

/** The call that an operator is asked about. */
const refusedId = 'nightly-report.draft.01KREFUSED0000000000000001.0'

/** Calls beside the usual ones: a workflow with a slow step, refusals, and a key that its gateway rejects. */
function ofToday(now: number) {
  const run = {
    team: 'acme',
    user: 'ada',
    workflow: 'nightly-report',
    key: 'acme-prod',
    caller: 'acme',
    cost: { amount: 0.0124, unit: 'USD' },
  } as const
  const step = (name: string, beginMs: number, ms: number, parent?: string) =>
    consoleEntry(now - 90_000 + beginMs, {
      ...run,
      step: name,
      model: 'openai/gpt-4o',
      duration_ms: ms,
      usage: { input: 1200, output: 300, source: 'answer' },
      ...(parent === undefined ? {} : { parent_step: parent }),
    })
  const refused = { finish: 'refused', attempt: 0, cost: undefined, key: undefined } as const
  return [
    step('plan', 0, 1400),
    step('search', 1500, 2300, 'plan'),
    step('read-sources', 3900, 14_800, 'search'),
    step('summarise', 4200, 3100, 'search'),
    step('draft', 19_000, 4200, 'plan'),
    consoleEntry(now - 60_000, { ...run, ...refused, step: 'draft', status: 429, code: 'rate_limited', request_id: refusedId }),
    ...Array.from({ length: 14 }, (_, index) =>
      consoleEntry(now - 4_000_000 + index * 1000, { ...refused, team: 'umbrella', user: 'uma', status: 403, code: 'no_key_for_caller' }),
    ),
    ...Array.from({ length: 5 }, (_, index) =>
      consoleEntry(now - 3_000_000 + index * 1000, {
        team: 'initech',
        user: 'ian',
        key: 'initech-old',
        model: 'openai/gpt-4o-mini',
        status: 502,
        finish: 'upstream_error',
        code: 'gateway_key_rejected',
      }),
    ),
  ]
}

/** What comes of an answer until its connection is closed, however it is closed. */
async function textUntilCut({ body }: Response): Promise<string> {
  let text = ''
  try {
    for await (const piece of body as unknown as AsyncIterable<Uint8Array>) text += Buffer.from(piece).toString()
  } catch {
    // Postern closes the connection behind the last event.
  }
  return text
}

describe.skipIf(executablePath === undefined)('the console in Chromium', () => {
  let world: ConsoleWorld
  let opened: OpenConsole
  let browser: Browser
  let page: Page
  const complaints: string[] = []
  const asked: string[] = []

  beforeAll(async () => {
    const now = Date.now()
    world = await openConsoleWorld({ entries: [...consoleEntries(now), ...ofToday(now)] })
    for (const alias of ['hooli-eu', 'pied-piper'])
      expect(
        (
          await world.admin('POST /admin/v1/keys', {
            alias,
            gateway: 'main',
            secret: world.secrets[0],
            bind: alias === 'hooli-eu' ? [{ team: 'hooli' }] : [],
          })
        ).status,
      ).toBe(201)
    const rotate = (...args: readonly string[]) =>
      world.postern(['keys', 'rotate', 'hooli-eu', ...args, '--yes'], { NEXT: world.secrets[1] })
    expect(await rotate('--take', '--secret-env', 'NEXT')).toMatchObject({ code: 0 })
    expect(await rotate('--validate', '--model', 'auto')).toMatchObject({ code: 0 })
    expect(await rotate('--share', '25')).toMatchObject({ code: 0 })
    opened = await world.openConsole()
    browser = await launchChromium(executablePath as string, ['--host-resolver-rules=MAP rebound.example 127.0.0.1'])
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    page.on('console', (message) => {
      // Chromium reports refused requests by itself, and some tests have the page refused.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => asked.push(request.url()))
    // Heard in the same turn as the page hears it: between a click on a link and that turn the former view still stands.
    await page.addInitScript(() => {
      addEventListener('hashchange', () => {
        document.documentElement.dataset['heard'] = location.hash
      })
    })
    await page.goto(opened.link)
    await page.waitForSelector('h1')
  }, 120_000)

  afterAll(async () => {
    await browser.close()
    await world.close()
  })

  async function picture(name: string, fullPage = false): Promise<void> {
    if (pictures === undefined) return
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, `${name}.png`), fullPage })
  }

  /** Goes to a view and waits until its answers are there. */
  async function goTo(hash: string): Promise<void> {
    await page.evaluate((to) => {
      location.hash = to
    }, hash)
    await settled()
  }

  async function settled(): Promise<void> {
    await page.waitForFunction(
      () =>
        (document.documentElement.dataset['heard'] ?? '') === location.hash &&
        document.querySelector('main progress') === null &&
        document.querySelector('main .card, main .totals') !== null,
    )
  }

  test('takes the code out of the address and keeps the token nowhere', async () => {
    expect(page.url()).toBe(`${opened.origin}/`)
    const kept = await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length, history.length])
    expect(kept.slice(0, 3)).toEqual(['', 0, 0])
    expect(JSON.stringify(asked)).not.toContain('code=')
  })

  describe('lets an operator find out by at most four clicks', () => {
    let clicks = 0

    beforeEach(async () => {
      await goTo('#spending')
      clicks = 0
    })

    async function click(role: 'link' | 'button', name: string | RegExp, within = 'body'): Promise<void> {
      clicks += 1
      expect(clicks).toBeLessThanOrEqual(4)
      await page
        .locator(within)
        .getByRole(role, { name, exact: typeof name === 'string' })
        .first()
        .click()
      await settled()
    }

    const rowsOf = (title: string): Promise<string[]> => page.locator(`section[aria-label="${title}"] tbody tr`).allInnerTexts()
    const rowOf = (title: string, name: string) => page.locator(`section[aria-label="${title}"] tbody tr`, { hasText: name }).first()

    test('which team spent most this week', async () => {
      await click('link', 'Tenants')
      const [first = ''] = await rowsOf('Teams that called in 7 days')
      expect(first).toMatch(/^acme\s/)
      expect(first).toMatch(/\d\.\d{4}\s[\s\S]*\d+ %/)
    })

    test('why this call was refused', async () => {
      await click('link', 'Calls')
      await page.fill('input[aria-label="Request id"]', refusedId)
      await click('button', 'Find call')
      expect(await page.locator('.reason').innerText()).toContain('429 rate_limited')
      expect(await page.locator('.reason').innerText()).toContain('Wait for the time in Retry-After')
    })

    test('which step was slow', async () => {
      await click('link', 'Workflows')
      await click('link', 'nightly-report')
      await page.waitForSelector('.slowest')
      expect(await page.locator('tbody tr', { hasText: 'slowest' }).allInnerTexts()).toEqual([
        expect.stringMatching(/^read-sources[\s\S]*14\.8 s/),
      ])
      await picture('console-workflow')
    })

    test('who runs a long call now, and ends that session', async () => {
      const { body } = await world.admin('POST /admin/v1/sessions', { user: 'ada', team: 'acme' })
      const call = await fetch(`${world.url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${String(body['token'])}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'emulate: slow-stream' }] }),
      })
      const ended = textUntilCut(call)
      await click('link', 'Live')
      await page.waitForSelector('tbody tr:has-text("streaming")')
      await click('button', `End session … ${String(body['id'])}`)
      const dialog = page.locator('dialog[open]')
      await expect(dialog.getByRole('button', { name: 'End session' }).isDisabled()).resolves.toBe(true)
      await dialog.locator('input').fill(String(body['id']))
      await click('button', 'End session', 'dialog[open]')
      await dialog.getByText('Ended.').waitFor()
      expect(await ended).toContain('caller_revoked')
      await page.keyboard.press('Escape')
    })

    test('ends all sessions of the user who made a call', async () => {
      const { body } = await world.admin('POST /admin/v1/sessions', { user: 'grace', team: 'acme' })
      const ask = (): Promise<Response> =>
        fetch(`${world.url}/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${String(body['token'])}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }),
        })
      const id = (await ask()).headers.get('x-request-id') ?? ''
      await expect
        .poll(async () => (await world.admin(`GET /admin/v1/calls?since=1d&request_id=${id}`)).body)
        .toMatchObject({ calls: [{ request_id: id }] })
      await click('link', 'Calls')
      await page.fill('input[aria-label="Request id"]', id)
      await click('button', 'Find call')
      await click('button', 'End sessions of this user … grace')
      const dialog = page.locator('dialog[open]')
      await dialog.locator('input').fill('grace')
      await click('button', 'End sessions of this user', 'dialog[open]')
      await dialog.getByText('Ended.').waitFor()
      expect((await ask()).headers.get('postern-refusal')).toBe('caller_revoked')
      await page.keyboard.press('Escape')
    })

    test('which key was rejected', async () => {
      await click('link', 'Keys')
      expect(await rowOf('Keys of the configuration', 'initech-old').innerText()).toMatch(/rejected\s+5 calls in 7 days/)
      expect(await rowOf('Keys of the configuration', 'acme-prod').innerText()).not.toContain('rejected')
      await picture('console-keys')
    })

    test('how far the rotation of a key is', async () => {
      await click('link', 'Keys')
      const row = rowOf('Keys of the ring', 'hooli-eu')
      expect(await row.locator('[aria-current="step"]').innerText()).toBe('sharing')
      expect(await row.innerText()).toContain('25 % use the next')
    })

    test('what is left of a team’s limit', async () => {
      await click('link', 'Limits')
      await click('link', 'initech')
      await rowOf('Limits of this caller', 'team-day').waitFor()
      expect(await rowOf('Limits of this caller', 'team-day').innerText()).toMatch(/each team, per day\s+200 requests/)
    })

    test('what refuses most calls, and whose they are', async () => {
      await click('link', 'Calls')
      await click('link', 'no_key_for_caller')
      await page.waitForFunction(() => document.querySelectorAll('section:last-of-type tbody tr').length === 14)
      expect(new Set((await rowsOf('Calls with no_key_for_caller in 7 days')).map((row) => row.includes('umbrella')))).toEqual(
        new Set([true]),
      )
      await picture('console-calls')
    })

    test('which models and users a tenant has', async () => {
      await click('link', 'Tenants')
      await click('link', 'globex')
      await page.waitForSelector('section[aria-label="Its users in 7 days"]')
      expect((await rowsOf('Its models in 7 days'))[0]).toContain('anthropic/claude-sonnet-4.5')
      expect((await rowsOf('Its users in 7 days')).length).toBe(2)
    })

    test('on which day of a month most calls were made', async () => {
      await click('link', '30 days')
      await click('link', 'Calls', 'main')
      await page.waitForSelector('section[aria-label="Calls by day"]')
      expect(await page.locator('.read-out').innerText()).toMatch(/^Most on \d+ \w+: \d+ calls$/)
      await picture('console-spending', true)
    })

    test('retires a key that nobody uses', async () => {
      await click('link', 'Keys')
      await click('button', 'Retire … pied-piper')
      await page.locator('dialog[open] input').fill('pied-piper')
      await click('button', 'Retire', 'dialog[open]')
      await page.waitForFunction(
        () => !document.querySelector('section[aria-label="Keys of the ring"] tbody')?.textContent?.includes('pied-piper'),
      )
    })

    test('has the configuration read again', async () => {
      await click('link', 'Process')
      await click('button', /^Read the configuration again …/)
      await page.locator('dialog[open] input').fill('reload')
      await click('button', 'Read the configuration again', 'dialog[open]')
      await page.locator('dialog[open]').getByText('has answered').waitFor()
      await click('button', 'Close', 'dialog[open]')
      await page.waitForSelector('section[aria-label="The configuration was taken"]')
    })

    test('who changed what last, by the name of the console’s credential', async () => {
      await click('link', 'Audit')
      const rows = await rowsOf('Changes')
      expect(rows.some((row) => /ops\s+key retired\s+done[\s\S]*pied-piper/.test(row))).toBe(true)
      expect(rows.some((row) => /ops\s+session revoked\s+done/.test(row))).toBe(true)
      expect(rows[0]).toMatch(/ops\s+reload\s+taken/)
    })
  })

  const views = [
    '#spending?since=29d',
    '#tenants',
    '#tenants?team=acme',
    '#calls',
    `#calls?request_id=${refusedId}`,
    '#live',
    '#workflows',
    '#workflows?id=nightly-report',
    '#limits?team=acme',
    '#keys',
    '#audit',
    '#process',
  ]

  for (const scheme of ['light', 'dark'] as const)
    for (const width of [390, 768, 1280])
      test(`shows every view at ${width} px in ${scheme} without a fault of axe, and none wider than the window`, {
        timeout: 120_000,
      }, async () => {
        await page.setViewportSize({ width, height: 800 })
        await page.emulateMedia({ colorScheme: scheme })
        for (const view of views) {
          await goTo(view)
          expect({
            view,
            serious: await findSerious(page),
            faint: await findFaintBorders(page),
            wide: (await overflowOf(page)).wide,
          }).toEqual({
            view,
            serious: [],
            faint: [],
            wide: 0,
          })
          if (view.startsWith('#spending') && width === 390 && scheme === 'dark') await picture('console-narrow')
        }
      })

  test('is used by keyboard alone: a view is opened, a dialog is left, and the heading has the focus', async () => {
    await page.setViewportSize({ width: 1280, height: 800 })
    await goTo('#process')
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim())
    await page.locator('nav[aria-label="Views"] a', { hasText: 'Keys' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
    expect(await focused()).toBe('Keys')
    await settled()
    await page.getByRole('button', { name: 'Retire … hooli-eu' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog[open]')
    expect(await page.evaluate(() => document.querySelector('dialog[open]')?.contains(document.activeElement))).toBe(true)
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog[open]', { state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Retire … hooli-eu')
  })

  test('shows a name that looks like markup as the text that it is', async () => {
    await goTo(`#limits?team=${encodeURIComponent('<img src=x onerror=alert(1)>')}`)
    expect(await page.locator('main img').count()).toBe(0)
    expect(await page.inputValue('form.caller input')).toBe('<img src=x onerror=alert(1)>')
    const thrown = await page.evaluate(() => {
      try {
        document.createElement('div').innerHTML = '<b>x</b>'
        return 'nothing'
      } catch (error) {
        return (error as Error).name
      }
    })
    expect(thrown).toBe('TypeError')
    // The browser reports the attempt of this test.
    expect(complaints.splice(0).every((text) => text.includes('TrustedHTML'))).toBe(true)
  })

  describe('gives nothing to', () => {
    let other: Server
    let otherOrigin: string

    beforeAll(async () => {
      other = createServer((_request, response) =>
        response.setHeader('content-type', 'text/html').end('<!doctype html><title>other</title>'),
      )
      await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
      otherOrigin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    })
    afterAll(() => other.close())

    test.each(['another port of 127.0.0.1', 'another origin'])('a page of %s', async (which) => {
      const stranger = await browser.newPage()
      await stranger.goto(which === 'another origin' ? otherOrigin.replace('127.0.0.1', 'rebound.example') : otherOrigin)
      const link = await opened.anotherLink()
      const code = new URL(link).hash.slice('#code='.length)
      const got = await stranger.evaluate(
        async ([origin, presented]) => {
          const attempt = async (run: () => Promise<Response>): Promise<string> => {
            try {
              const response = await run()
              return `${response.type} ${await response.text()}`
            } catch {
              return 'nothing'
            }
          }
          const loads = (tag: 'script' | 'iframe' | 'img', path: string): Promise<string> =>
            new Promise((end) => {
              const element = document.createElement(tag)
              element.src = `${origin}${path}`
              element.addEventListener('load', () => {
                const isFrame = element instanceof HTMLIFrameElement
                end(isFrame ? (element.contentDocument === null ? 'nothing' : 'a document') : 'loaded')
              })
              element.addEventListener('error', () => end('nothing'))
              document.body.append(element)
            })
          return {
            read: await attempt(() => fetch(`${origin}/`)),
            blind: await attempt(() => fetch(`${origin}/`, { mode: 'no-cors' })),
            asked: await attempt(() => fetch(`${origin}/api/operator`, { headers: { authorization: 'Bearer x' } })),
            traded: await attempt(() =>
              fetch(`${origin}/token`, { method: 'POST', mode: 'no-cors', body: JSON.stringify({ code: presented }) }),
            ),
            script: await loads('script', '/page.js'),
            image: await loads('img', '/favicon.svg'),
            frame: await loads('iframe', '/'),
          }
        },
        [opened.origin, code] as const,
      )
      expect(got).toEqual({
        read: 'nothing',
        blind: 'nothing',
        asked: 'nothing',
        traded: 'nothing',
        script: 'nothing',
        image: 'nothing',
        frame: 'nothing',
      })
      await stranger.close()
      // The code was not used up.
      const own = await browser.newPage()
      await own.goto(link)
      await own.waitForSelector('h1:has-text("Spending")')
      await own.close()
    })

    test('a name that was rebound to 127.0.0.1', async () => {
      const stranger = await browser.newPage()
      const response = await stranger.goto(opened.origin.replace('127.0.0.1', 'rebound.example'))
      expect([response?.status(), await stranger.locator('script').count()]).toEqual([421, 0])
      const got = await stranger.evaluate(async () => (await fetch('/api/operator', { headers: { authorization: 'Bearer x' } })).status)
      expect(got).toBe(421)
      await stranger.close()
    })
  })

  test('opens another link in the same tab, and says what to do where a page was loaded again without one', async () => {
    // In the same tab another link changes the fragment alone.
    await page.goto(await opened.anotherLink())
    await page.waitForURL(`${opened.origin}/`)
    await page.reload()
    await page.waitForSelector('[role="alert"]')
    expect(await page.innerText('[role="alert"]')).toContain('press Enter in its terminal')
  })

  test('talks to nobody but the console, and has nothing to complain of', () => {
    expect(asked.filter((url) => !url.startsWith(`${opened.origin}/`))).toEqual([])
    expect(complaints).toEqual([])
  })
})
