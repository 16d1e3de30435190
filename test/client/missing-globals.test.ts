import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createPostern } from '@postern/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type House, openHouse } from '../support/house.js'

describe('where a platform lacks what browsers have, as React Native does', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())

  /** In a process of its own: the globals that it lacks would be missing to Postern too. */
  async function run(form: 'bare' | 'streams'): Promise<Record<string, unknown>> {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme' })
    const words = [join(import.meta.dirname, 'bare-platform.mjs'), `${house.origin}/ai`, token, house.model, form]
    return JSON.parse((await promisify(execFile)(process.execPath, words, { timeout: 15_000 })).stdout) as Record<string, unknown>
  }

  const whole = { text: 'You said: Hello', record: { key: 'acme', finish: 'complete' } }

  test('answers and records are the same without streams, bodies, crypto, URL.canParse and reasons of signals', async () => {
    const printed = await run('bare')
    expect(printed).toMatchObject({ chat: whole, models: expect.any(Number), left: { name: 'Error', message: 'aborted' } })
    // There is nothing to read as it comes, and the SDK says so itself.
    expect(printed['stream']).toMatchObject({ message: expect.stringContaining('no body') })
    expect(printed['cut']).toMatchObject({ name: 'Error' })
  })

  test('a fetch that has streams, such as Expo’s, gives them whole or not at all, though no Response can hold one', async () => {
    expect(await run('streams')).toMatchObject({
      stream: whole,
      cut: { name: 'PosternStreamError', received: expect.stringContaining('You') },
    })
  })
})

describe('an answer that redirects', () => {
  test.each([301, 302, 303, 307, 308])('is a fault at the status %i, whatever the platform makes of it', async (status) => {
    const elsewhere = vi.fn()
    const postern = createPostern({
      url: 'https://app.example.com/ai',
      // As Cloudflare's: it throws where it is told to make a redirect an error.
      fetch: async (_, init) => {
        if (init?.redirect === 'error') throw new TypeError('Invalid redirect value')
        if (init?.redirect !== 'manual') elsewhere()
        return new Response(null, { status, headers: { location: 'https://evil.example/ai' } })
      },
    })
    await expect(postern.fetch('/ai/v1/models')).rejects.toThrow('redirects nobody')
    expect(elsewhere).not.toHaveBeenCalled()
  })

  test('is one in a page too, where it is shown as nothing', async () => {
    const opaque = Object.defineProperty(new Response(), 'status', { value: 0 })
    const postern = createPostern({ url: 'https://app.example.com/ai', fetch: async () => opaque })
    await expect(postern.fetch('/ai/v1/models')).rejects.toThrow('redirects nobody')
  })

  test('is none where a read of what did not change is asked for', async () => {
    const postern = createPostern({ url: 'https://app.example.com/ai', fetch: async () => new Response(null, { status: 304 }) })
    expect((await postern.fetch('/ai/v1/models')).status).toBe(304)
  })
})
