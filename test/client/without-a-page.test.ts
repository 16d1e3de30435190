import Anthropic from '@anthropic-ai/sdk'
import { createOpenAI } from '@ai-sdk/openai'
import { createPostern } from '@postern/client'
import { createPosternFetch } from '@postern/client/fetch'
import { generateText } from 'ai'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type House, openHouse } from '../support/house.js'

const messages = [{ role: 'user' as const, content: 'Hello' }]

describe('an address that only a page can complete', () => {
  let house: House
  let mintoken: House
  beforeAll(async () => {
    house = await openHouse()
    mintoken = await openHouse({ gateway: 'mintoken' })
  })
  afterEach(() => vi.unstubAllGlobals())
  afterAll(async () => {
    await house.close()
    await mintoken.close()
  })
  const openPage = (origin: string): unknown => vi.stubGlobal('location', { href: `${origin}/some/page?of=it`, origin })
  const token = (of: House) => async () => (await of.minter.mint({ user: 'ada', team: 'acme' })).token

  test('is no fault where a server runs the code of a page, whatever the code makes of it before a request', () => {
    const postern = createPostern({ url: '/ai', dpop: true })
    postern.openai()
    postern.workflow('run').step('draft').openai()
    expect(new URL(postern.baseURL).hostname).toBe('postern.invalid')
    expect(postern.baseURL).toBe(`${postern.url}/v1`)
    expect(new Anthropic({ baseURL: postern.url, apiKey: 'none', fetch: postern.fetch, dangerouslyAllowBrowser: true }).baseURL).toBe(
      postern.url,
    )
    createOpenAI({ baseURL: postern.baseURL, apiKey: 'none', fetch: postern.fetch }).chat('auto')
  })

  test.each<[what: string, url: string | undefined]>([
    ['a path', '/ai'],
    ['a path without a slash', 'ai'],
    ['a path with the version', '/ai/v1'],
    ['nothing, as of a variable that is not set', undefined],
    ['an empty text', ''],
  ])('is named by the first request where there is no page: %s', async (_, url) => {
    const send = vi.fn<typeof fetch>()
    const postern = createPostern({ url, fetch: send })
    await expect(postern.fetch('/ai/v1/models')).rejects.toThrow(/^"url" is the address of Postern/)
    await expect(postern.openai({ maxRetries: 0 }).models.list()).rejects.toMatchObject({
      cause: { message: expect.stringContaining('"url" is the address of Postern') },
    })
    expect(send).not.toHaveBeenCalled()
  })

  test('is found by the first request where there is a page by then, for every SDK that was made before', async () => {
    const postern = createPostern({ url: '/ai', token: token(house) })
    const openai = postern.openai({ maxRetries: 0 })
    const provider = createOpenAI({ baseURL: postern.baseURL, apiKey: 'none', fetch: postern.fetch })
    const other = createPosternFetch({ url: '/ai', token: token(mintoken) })
    const anthropic = new Anthropic({ baseURL: other.url, apiKey: 'none', fetch: other.fetch, dangerouslyAllowBrowser: true })
    openPage(house.origin)
    expect((await openai.chat.completions.create({ model: house.model, messages })).choices[0]?.message.content).toBe('You said: Hello')
    expect((await generateText({ model: provider.chat(house.model), prompt: 'Hello', maxRetries: 0 })).text).toBe('You said: Hello')
    openPage(mintoken.origin)
    const { content } = await anthropic.messages.create({ model: mintoken.model, max_tokens: 100, messages })
    expect(content[0]).toMatchObject({ type: 'text', text: 'You said: Hello' })
  })

  test('leads nowhere but to Postern, also where the page was not there at first', async () => {
    const send = vi.fn<typeof fetch>()
    const postern = createPostern({ url: '/ai', fetch: send })
    openPage('https://app.example.com')
    for (const url of [
      'http://postern.invalid/other/v1/models',
      'http://postern.invalid.evil.example/ai/v1/models',
      '/other',
      'https://evil.example/?http://postern.invalid/ai/v1',
    ])
      await expect(postern.fetch(url), url).rejects.toThrow('talks only to Postern')
    expect(send).not.toHaveBeenCalled()
  })
})

describe('an address of Postern', () => {
  test.each([
    'https://app.example.com/ai',
    'https://app.example.com/ai/',
    'https://app.example.com/ai/v1',
    'https://app.example.com/ai/v1/',
    'https://app.example.com/ai//',
    'https://app.example.com/ai/v1?x=1#y',
  ])('is the same with the version as base URLs have it, and without: %s', (url) => {
    expect(createPostern({ url })).toMatchObject({ url: 'https://app.example.com/ai', baseURL: 'https://app.example.com/ai/v1' })
  })

  test('keeps what only looks like the version', () => {
    for (const path of ['/ai/v10', '/aiv1', '/ai/v1/x', '/ai/V1']) {
      expect(createPostern({ url: `https://app.example.com${path}` }).url).toBe(`https://app.example.com${path}`)
    }
  })

  test.each(['file:///ai', 'ws://app.example.com/ai', 'capacitor://localhost/ai', 'http://', 'mailto:ai'])('cannot be %s', (url) => {
    expect(() => createPostern({ url })).toThrow(/^"url" is the address of Postern/)
  })
})
