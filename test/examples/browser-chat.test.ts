import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { findProgram } from '../support/programs.js'
import { takePicture } from './pictures.js'
import { type RunningExample, runExample } from './run-example.js'

const executablePath = findProgram('chromium')

describe.skipIf(executablePath === undefined)('the chat in the browser', () => {
  let example: RunningExample
  let origin: string
  let browser: Browser
  let page: Page
  const sent: { url: string; headers: Record<string, string>; body: string }[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    example = runExample('browser-chat')
    origin = (await example.prints(/The chat is at (http:\S+)\//))[1] as string
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
    // The tests build on each other: if the first one is late on a loaded machine, all the others fail with it.
    await page.waitForSelector('.sign-in', { timeout: 90_000 })
  }, 150_000)
  afterAll(async () => {
    await browser.close()
    await example.interrupt()
  })

  const answer = (state: string): string => `.exchange:last-child .answer[data-state="${state}"]`
  const field = (name: string): Promise<string | null> => page.textContent(`.governance [data-field="${name}"] dd`)

  test('signs in at the backend, which gives the page a cookie that it cannot read', async () => {
    await page.waitForSelector('.sign-in')
    await page.click('text=Sign in')
    await page.waitForSelector('.welcome')
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  test('streams an answer, and shows its record beside it once it has ended', async () => {
    await page.click('text=What is a postern?')
    await page.waitForSelector(`${answer('streaming')} .text`)
    expect(await page.textContent('.governance')).toContain('comes with the end')
    await page.waitForSelector(answer('complete'))
    expect(await page.textContent(`${answer('complete')} .text`)).toContain('Who has the key?')
    expect(await field('Key')).toBe('acme')
    expect(await field('Cost')).toMatch(/^[\d.]+ credits$/)
    expect(await field('Model')).toBe('openai/gpt-4o-mini')
    expect(await field('Request id')).toMatch(/^chat-[0-9a-f]{8}\.turn-1\.[0-9A-Z]{26}\.1$/)
  })

  test('lets an answer be cancelled, and shows that it was', async () => {
    await page.fill('[aria-label="Message"]', 'emulate: slow-stream')
    await page.keyboard.press('Enter')
    await page.waitForSelector(`${answer('streaming')} .text`)
    await page.click('text=Cancel')
    await page.waitForSelector(answer('cancelled'))
    expect(await page.textContent(`${answer('cancelled')} .text`)).not.toContain('word48')
    expect(await field('Finish')).toBe('client_closed')
  })

  test('shows a refusal with its code', async () => {
    await page.click('text=A refusal')
    await page.waitForSelector(`${answer('refused')}[data-code="gateway_policy_refused"] .trouble`)
    expect(await field('Key')).toBe('acme')
  })

  test('shows an answer that broke off as broken off, with what came of it', async () => {
    await page.goto(`${origin}/`)
    await page.click('text=What is a postern?')
    await page.waitForSelector(answer('complete'))
    await page.click('text=An answer that breaks off')
    await page.waitForSelector(`${answer('broken')}[data-code="truncated"]`)
    expect(await page.textContent(answer('broken'))).toMatch(/this answer is not whole.*PosternStreamError/)
    expect(await page.textContent(`${answer('broken')} .text`)).not.toContain('how long it took them')
    expect(await field('Finish')).toBe('truncated')
    await page.mouse.move(400, 500)
    await takePicture(page, 'browser-chat')
  })

  test('shows the record of an earlier answer that is chosen', async () => {
    await page.click('.exchange:first-child .state')
    await page.waitForFunction(() => document.querySelector('[data-field="Finish"] dd')?.textContent === 'complete')
    expect(await field('Step')).toBe('turn-1')
  })

  test('talks to nobody but the sidecar, and sends neither key nor token', () => {
    expect(sent.filter(({ url }) => !url.startsWith(origin) && !url.startsWith('data:'))).toEqual([])
    expect(sent.filter(({ headers }) => 'authorization' in headers)).toEqual([])
    expect(JSON.stringify(sent)).not.toMatch(/\bjt_[A-Za-z0-9]/)
    expect(complaints).toEqual([])
  })

  test('ends at Ctrl-C, and leaves nothing running', async () => {
    await example.interrupt()
    await expect(fetch(origin)).rejects.toThrow('fetch failed')
  })
})
