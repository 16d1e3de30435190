import { createPostern } from '@postern/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bothClients } from './both-clients.js'
import { answered, failed, type ScriptedPostern, startScriptedPostern } from './scripted-postern.js'

const request = { model: 'auto', messages: [{ role: 'user' as const, content: 'Hello' }] }

let postern: ScriptedPostern
beforeAll(async () => {
  postern = await startScriptedPostern()
})
afterAll(() => postern.close())
const keys = () => postern.seen.map(({ headers }) => headers['idempotency-key'])
const open = (client = { createPostern }) => client.createPostern({ url: `${postern.origin}/ai`, token: async () => 'token' })

describe.each(bothClients)('with openai $version', ({ client }) => {
  const openai = () => open(client).openai({ maxRetries: 2 })

  test('all attempts of a call have one key, and the next call another', async () => {
    const chat = openai().chat.completions
    postern.answer(failed(503), failed(429), answered())
    await chat.create(request)
    await chat.create(request)
    const [first, second, third, next] = keys()
    expect(first).toMatch(/^auto-[\w-]{22}$/)
    expect([second, third]).toEqual([first, first])
    expect(next).not.toBe(first)
  })

  test('also where a connection broke, and where the answer took too long', async () => {
    const chat = openai().chat.completions
    postern.answer(
      (response) => response.destroy(),
      () => {},
      answered(),
    )
    await chat.create(request, { timeout: 300 })
    expect(new Set(keys()).size).toBe(1)
    expect(keys()).toHaveLength(3)
  })

  test('a call that failed for good is another call when it is made again', async () => {
    const chat = openai().chat.completions
    postern.answer(failed())
    await expect(chat.create(request)).rejects.toThrow('Not now.')
    await expect(chat.create(request)).rejects.toThrow('Not now.')
    expect(new Set(keys()).size).toBe(2)
    expect(keys()).toHaveLength(6)
  })

  test('a key of the caller’s own is kept', async () => {
    postern.answer(failed(), answered())
    await openai().chat.completions.create(request, { headers: { 'Idempotency-Key': 'order-7' } })
    expect(keys()).toEqual(['order-7', 'order-7'])
  })

  test('uploads share a key with their own retries, and never with another upload', async () => {
    const upload = (text: string) => openai().files.create({ file: new File([text], 'a.txt'), purpose: 'assistants' })
    postern.answer(failed(), (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
    await upload('one')
    await upload('two')
    const [first, again, other] = keys()
    expect(again).toBe(first)
    expect(other).not.toBe(first)
    postern.answer(failed())
    const once = open(client).openai({ maxRetries: 0 })
    const send = (text: string) => once.files.create({ file: new File([text], 'a.txt'), purpose: 'assistants' }).catch(() => {})
    await send('one')
    await send('two')
    expect(new Set(keys()).size).toBe(2)
  })
})

describe('with an SDK that does not count its retries', () => {
  const post = (fetch: typeof globalThis.fetch, body: BodyInit, signal?: AbortSignal) =>
    fetch(`${postern.origin}/ai/v1/chat/completions`, { method: 'POST', body, ...(signal === undefined ? {} : { signal }) })

  test('the same request after a failure has the same key, any other another', async () => {
    const { fetch } = open()
    postern.answer(failed(), answered())
    await post(fetch, 'one')
    await post(fetch, 'two')
    await post(fetch, 'one')
    await post(fetch, 'one')
    const [first, other, again, next] = keys()
    expect(again).toBe(first)
    expect(new Set([first, other, next]).size).toBe(3)
  })

  test('many calls that fail at once keep as many keys', async () => {
    const { fetch } = open()
    postern.answer(failed())
    await Promise.all(Array.from({ length: 5 }, () => post(fetch, 'one')))
    const before = new Set(keys())
    await Promise.all(Array.from({ length: 5 }, () => post(fetch, 'one')))
    expect([before.size, new Set(keys()).size]).toEqual([5, 5])
  })

  test('a request that somebody called off is asked anew', async () => {
    const { fetch } = open()
    postern.answer(() => {}, answered())
    await post(fetch, 'one', AbortSignal.timeout(50)).catch(() => {})
    await post(fetch, 'one')
    expect(new Set(keys()).size).toBe(2)
  })

  test('forms are known by themselves, and reads need no key', async () => {
    const { fetch, baseURL } = open()
    postern.answer(failed())
    const form = new FormData()
    form.set('a', '1')
    const other = new FormData()
    other.set('a', '2')
    await post(fetch, form)
    await post(fetch, other)
    await post(fetch, form)
    await fetch(`${baseURL}/models`)
    const [first, second, again, none] = keys()
    expect([again, none]).toEqual([first, undefined])
    expect(second).not.toBe(first)
  })
})
