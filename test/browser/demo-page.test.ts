import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { findProgram } from '../support/programs.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const executablePath = findProgram('chromium')
const pictures = process.env['POSTERN_PICTURES']

describe.skipIf(executablePath === undefined)('the demo’s chat page in Chromium', () => {
  let demo: RunningPostern
  let origin: string
  let browser: Browser
  let page: Page
  const sent: { url: string; headers: Record<string, string>; body: string }[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    demo = startPostern(['demo', '--port', '0'])
    origin = (await demo.prints(/Chat page\s+(http:\S+)\//))[1] as string
    browser = await launchChromium(executablePath as string)
    page = await browser.newPage({ viewport: { width: 1180, height: 760 } })
    page.on('request', (request) => {
      sent.push({ url: request.url(), headers: request.headers(), body: request.postData() ?? '' })
    })
    page.on('console', (message) => {
      // Chromium reports refused and broken requests by itself; anything else is the page's fault.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${origin}/`)
  })
  afterAll(async () => {
    await browser.close()
    demo.child.kill('SIGINT')
    await demo.finished
  })

  async function say(text: string): Promise<void> {
    await page.fill('#prompt', text)
    await page.click('#send')
  }

  async function picture(name: string): Promise<void> {
    if (pictures === undefined) return
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, `${name}.png`) })
  }

  test('streams an answer and shows its governance record beside it', async () => {
    await say('Hello! Who pays for this?')
    await page.waitForSelector('[data-role="answer"][data-finish="complete"]')
    expect(await page.textContent('[data-role="answer"] .answer-text')).toContain('Who pays for this?')
    expect(await page.textContent('#governance [data-field="key"]')).toContain('acme')
    expect(await page.textContent('#governance [data-field="model"]')).toContain('gpt-4o-mini')
    expect(await page.textContent('#governance [data-field="request_id"]')).toMatch(/^demo\.turn-1\.[0-9A-Z]{26}\.1$/)
    await picture('demo')
  })

  test('uses the other tenant’s key for somebody of the other tenant', async () => {
    await page.click('[data-person="gus"]')
    await say('And now?')
    await page.waitForFunction(() => document.querySelector('#governance [data-field="key"]')?.textContent?.includes('globex'))
  })

  test('shows a refusal with its code where somebody has no key', async () => {
    await page.click('[data-person="uma"]')
    await say('May I?')
    await page.waitForSelector('[data-role="refusal"][data-code="no_key_for_caller"]')
    await picture('refusal')
  })

  test('shows a stream that broke off as broken off', async () => {
    await page.click('[data-person="ada"]')
    await say('emulate: cut-stream')
    await page.waitForSelector('[data-role="answer"][data-finish="truncated"]')
  })

  test('lets an answer be cancelled', async () => {
    await say('emulate: slow-stream')
    await page.waitForSelector('#cancel:visible')
    await page.click('#cancel')
    await page.waitForSelector('[data-role="answer"][data-finish="client_closed"]')
    await demo.prints(/client_closed/)
  })

  test('sends no gateway key, talks to nobody but the sidecar, and has nothing to complain of', () => {
    expect(sent.filter(({ url }) => !url.startsWith(origin))).toEqual([])
    expect(JSON.stringify(sent)).not.toMatch(/\bjt_[A-Za-z0-9]/)
    expect(complaints).toEqual([])
  })
})
