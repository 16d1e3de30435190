import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { openPage } from './page-examples.js'

const page = openPage('docs/other-sdks.md', import.meta.dirname)
let house: House
let mintoken: House
beforeAll(async () => {
  house = await openHouse()
  mintoken = await openHouse({ gateway: 'mintoken' })
})
afterAll(async () => {
  page.remove()
  await house.close()
  await mintoken.close()
})

describe('the recipes for other SDKs run as they are printed', () => {
  const printed: Readonly<Record<string, string>> = {
    ai: 'You said: Hello complete\nYou said: Hello',
    anthropic: 'You said: Hello complete',
    langchain: 'You said: Hello complete',
    agents: 'You said: Hello complete',
  }
  test('each has one', () => {
    expect(page.names).toEqual(['postern.mjs', ...Object.keys(printed)])
  })

  test.each(Object.entries(printed))('%s', async (name, output) => {
    const { origin, callers } = name === 'anthropic' ? mintoken : house
    page.write('postern.mjs', page.example('postern.mjs').replace('http://127.0.0.1:8787', origin))
    expect(await page.run(name, { env: { POSTERN_CREDENTIAL: callers.acme } })).toBe(output)
  })
})
