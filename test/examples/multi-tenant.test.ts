import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { findProgram } from '../support/programs.js'
import { takePicture, wanted } from './pictures.js'
import { type RunningExample, runExample } from './run-example.js'

const executablePath = findProgram('chromium')
const viewport = { width: 460, height: 500 }

describe.skipIf(executablePath === undefined)('the application of many tenants', () => {
  let example: RunningExample
  let origin: string
  let browser: Browser
  const shots: string[] = []

  beforeAll(async () => {
    example = runExample('multi-tenant')
    origin = (await example.prints(/The application is at (http:\S+)\//))[1] as string
    browser = await launchChromium(executablePath as string)
  })
  afterAll(async () => {
    if (wanted) await takePictureOfAll()
    await browser.close()
    await example.interrupt()
  })

  /** Each in a browser of their own. */
  async function signIn(user: string, password = `${user}-opens-the-gate`): Promise<Page> {
    const context = await browser.newContext({ viewport })
    const page = await context.newPage()
    await page.goto(origin)
    await page.fill('[name="user"]', user)
    await page.fill('[name="password"]', password)
    await page.click('button')
    await page.waitForLoadState()
    return page
  }

  /** Of the three tenants side by side. */
  async function takePictureOfAll(): Promise<void> {
    const page = await browser.newPage({ viewport: { width: viewport.width * 3 + 100, height: viewport.height + 48 } })
    await page.setContent(
      `<style>body { margin: 0; display: flex; gap: 26px; padding: 24px; background: #ececea } img { border: 1px solid #d5d5d0; border-radius: 12px }</style>${shots
        .map((shot) => `<img width="${viewport.width}" src="data:image/png;base64,${shot}">`)
        .join('')}`,
    )
    await takePicture(page, 'multi-tenant')
    await page.close()
  }

  async function ask(page: Page): Promise<void> {
    await page.waitForSelector('#tenant:not(:empty)')
    await page.click('#ask button')
    await page.waitForSelector('#answers .card')
    shots.push((await page.screenshot()).toString('base64'))
  }

  test.each([
    ['ada', 'acme', 'acme-production'],
    ['gus', 'globex', 'globex-trial'],
  ])('bills %s of %s to the key %s, and shows it', async (user, tenant, key) => {
    const page = await signIn(user)
    await ask(page)
    expect(await page.textContent('#tenant')).toBe(tenant)
    expect(await page.textContent('[data-outcome="paid"] .key')).toBe(key)
    expect(await page.textContent('[data-outcome="paid"] .cost')).toMatch(/credits$/)
    await example.prints(new RegExp(`200 {2}${user} of ${tenant}: paid by ${key}, [\\d.]+ credits`))
    await page.context().close()
  })

  test('refuses somebody of a tenant without a key, and says so', async () => {
    const page = await signIn('uma')
    await ask(page)
    expect(await page.textContent('[data-outcome="refused"] .code')).toBe('no_key_for_caller')
    expect(await page.textContent('[data-outcome="refused"] .why')).toBe('Nobody pays for umbrella.')
    await example.prints(/403 {2}uma of umbrella: no_key_for_caller/)
    await page.context().close()
  })

  test('gives nobody another tenant’s key for the asking', async () => {
    const page = await signIn('gus')
    const [status, record] = await page.evaluate(async () => {
      const headers = { 'content-type': 'application/json', 'x-tenant': 'acme', 'x-team': 'acme' }
      const body = JSON.stringify({ model: 'auto', user: 'ada', team: 'acme', messages: [{ role: 'user', content: 'Hello' }] })
      const answer = await fetch('/ai/v1/chat/completions', { method: 'POST', headers, body })
      return [answer.status, answer.headers.get('postern-governance') ?? ''] as const
    })
    expect(status).toBe(200)
    expect(JSON.parse(record)).toMatchObject({ key: 'globex-trial' })
    await page.context().close()
  })

  test('shows a tenant what is left of its budget after each answer, and in the end that it is spent', async () => {
    const page = await signIn('gus')
    await page.waitForSelector('#tenant:not(:empty)')
    const left: number[] = []
    for (let calls = 1; calls <= 20; calls += 1) {
      await page.click('#ask button')
      await page.waitForFunction((count) => document.querySelectorAll('#answers .card').length === count, calls)
      if ((await page.getAttribute('#answers .card', 'data-outcome')) === 'refused') break
      const told = (await page.textContent('#answers .card .left')) as string
      expect(told).toMatch(/^[\d.]+ credits$/)
      left.push(Number.parseFloat(told))
    }
    expect(left.length).toBeGreaterThan(1)
    // It grows less with each call, and never below nothing.
    expect(left).toEqual(left.toSorted((one, other) => other - one))
    expect(new Set(left).size).toBe(left.length)
    expect(left.at(-1)).toBeGreaterThanOrEqual(0)
    expect(await page.textContent('#answers .card .code')).toBe('budget_exhausted')
    expect(await page.textContent('#answers .card .why')).toBe('The budget of Gus for today is spent.')
    await example.prints(/402 {2}gus of globex: /)
    await page.setViewportSize({ ...viewport, height: 820 })
    if (wanted) await takePicture(page, 'multi-tenant-budget')
    await page.context().close()
    // Another tenant has no such limit.
    const other = await signIn('ada')
    await other.waitForSelector('#tenant:not(:empty)')
    await other.click('#ask button')
    await other.waitForSelector('#answers .card')
    expect(await other.textContent('#answers .card .left')).toBe('no limit')
    await other.context().close()
  })

  test('lets nobody in with a wrong password, and nobody go on who signed out', async () => {
    const stranger = await signIn('ada', 'open sesame')
    await stranger.waitForSelector('#wrong:visible')
    await stranger.context().close()
    const page = await signIn('ada')
    await page.click('text=Sign out')
    await page.waitForURL(/login/)
    expect(await page.evaluate(async () => (await fetch('/ai/v1/models')).status)).toBe(401)
    await page.context().close()
  })

  test('ends at Ctrl-C, and leaves nothing running', async () => {
    await example.interrupt()
    await expect(fetch(origin)).rejects.toThrow('fetch failed')
  })
})
