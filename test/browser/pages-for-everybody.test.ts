import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runExample } from '../examples/run-example.js'
import { launchChromium } from '../support/chromium.js'
import { findFaintBorders, findSerious, overflowOf } from '../support/look-at-page.js'
import { findProgram } from '../support/programs.js'
import { startPostern } from '../support/run-postern.js'

const executablePath = findProgram('chromium')
const turns = 10

interface Shown {
  readonly origin: string
  close(): Promise<void>
}

interface Place {
  open(): Promise<Shown>
  /** Leads to each state that is looked at, one after the other. */
  readonly states: readonly (readonly [name: string, go: (page: Page) => Promise<void>])[]
  /** The part beside the conversation, where there is one, which scrolls by itself. */
  readonly panel?: string
  readonly isApplication: boolean
}

const places: Readonly<Record<string, Place>> = {
  'the demo': {
    async open() {
      const demo = startPostern(['demo', '--port', '0'])
      const origin = (await demo.prints(/Chat page\s+(http:\S+)\//))[1] as string
      return {
        origin,
        async close() {
          demo.child.kill('SIGINT')
          await demo.finished
        },
      }
    },
    states: [
      ['at its beginning', async (page) => void (await page.waitForSelector('#welcome'))],
      [
        'after a refusal and ten turns',
        async (page) => {
          for (let turn = 0; turn < turns; turn += 1) {
            await page.fill('#prompt', turn === 0 ? 'emulate: policy_rejected' : 'Hello! Who pays for this?')
            await page.click('#send')
            await page.waitForFunction((count) => document.querySelectorAll('.facts').length === count, turn + 1)
          }
        },
      ],
    ],
    panel: '#governance',
    isApplication: true,
  },
  'the chat of the examples': {
    async open() {
      const example = runExample('browser-chat')
      const origin = (await example.prints(/The chat is at (http:\S+)\//))[1] as string
      return { origin, close: async () => void (await example.interrupt()) }
    },
    states: [
      ['to sign in', async (page) => void (await page.waitForSelector('.sign-in'))],
      [
        'at its beginning',
        async (page) => {
          await page.click('text=Sign in')
          await page.waitForSelector('.welcome')
        },
      ],
      [
        'after a refusal and ten turns',
        async (page) => {
          for (let turn = 0; turn < turns; turn += 1) {
            await page.fill('[aria-label="Message"]', turn === 0 ? 'emulate: policy_rejected' : 'Hello! Who pays for this?')
            await page.keyboard.press('Enter')
            await page.waitForFunction(
              (count) => document.querySelectorAll('.answer:not([data-state="streaming"])').length === count,
              turn + 1,
            )
          }
        },
      ],
    ],
    panel: '.governance',
    isApplication: true,
  },
  'the application of many tenants': {
    async open() {
      const example = runExample('multi-tenant')
      const origin = (await example.prints(/The application is at (http:\S+)\//))[1] as string
      return { origin, close: async () => void (await example.interrupt()) }
    },
    states: [
      ['to sign in', async (page) => void (await page.waitForSelector('.sign-in'))],
      [
        'after an answer',
        async (page) => {
          await page.fill('[name="user"]', 'ada')
          await page.fill('[name="password"]', 'ada-opens-the-gate')
          await page.click('button')
          await page.waitForSelector('#tenant:not(:empty)')
          await page.click('#ask button')
          await page.waitForSelector('#answers .card')
        },
      ],
    ],
    isApplication: false,
  },
}

describe.skipIf(executablePath === undefined).each(Object.entries(places))('%s', (_, { open, states, panel, isApplication }) => {
  let shown: Shown
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    shown = await open()
    browser = await launchChromium(executablePath as string)
    page = await browser.newPage()
    await page.goto(`${shown.origin}/`)
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await shown.close()
  })

  describe.each(states)('%s', (_state, go) => {
    beforeAll(() => go(page), 60_000)

    describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
      test.each([390, 768, 1280])('shuts nobody out, %i pixels wide', async (width) => {
        await page.setViewportSize({ width, height: 720 })
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        expect(await findSerious(page)).toEqual([])
        expect(await findFaintBorders(page)).toEqual([])
        const { wide, high } = await overflowOf(page)
        expect(wide).toBe(0)
        // Below 800 pixels the demo scrolls as one page.
        if (isApplication && width === 1280) expect(high).toBe(0)
        if (panel !== undefined && (await page.$(panel)) !== null) {
          await page.focus(panel)
          expect(await page.evaluate((selector) => document.activeElement?.matches(selector), panel)).toBe(true)
        }
      })
    })
  })
})
