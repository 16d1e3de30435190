import { createPostern, PosternStreamError } from '@postern/client'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { answered, ending, said, type ScriptedPostern, startScriptedPostern, streamed } from './scripted-postern.js'

const done = 'data: [DONE]\n\n'
const failure = 'data: {"error":{"message":"lost"}}\n\n'

interface Read {
  readonly text: string
  readonly error: unknown
}

async function read(url: string, token: () => Promise<string>, request: { model: string; prompt?: string }): Promise<Read> {
  let text = ''
  try {
    const stream = await createPostern({ url, token })
      .openai({ maxRetries: 0 })
      .chat.completions.create({ model: request.model, messages: [{ role: 'user', content: request.prompt ?? 'Hello' }], stream: true })
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    return { text, error: undefined }
  } catch (error) {
    return { text, error }
  }
}

describe('a stream through Postern', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())
  const ask = (model: string) =>
    read(`${house.origin}/ai`, async () => (await house.minter.mint({ user: 'ada', team: 'acme' })).token, {
      model,
      prompt: 'one two three four five six',
    })

  test.each([
    ['breaks off', 'emulate/cut-stream', 'truncated'],
    ['closes cleanly without an ending', 'emulate/end-without-done', 'truncated'],
    ['fails', 'emulate/stream-error', 'upstream_error'],
  ])('that %s throws what was received so far', async (_, model, finish) => {
    const { text, error } = await ask(model)
    expect(error).toBeInstanceOf(PosternStreamError)
    expect(error).toMatchObject({ finish, received: text, record: { finish, key: 'acme', request_id: expect.any(String) } })
    expect('You said: one two three four five six').toContain(text)
    expect(text).not.toBe('')
  })

  test('that fails says what the gateway said', async () => {
    const { error } = await ask('emulate/stream-error')
    expect(error).toMatchObject({ cause: { message: 'provider connection lost' } })
  })

  test.each(['emulate/split-events', 'emulate/crlf-events', 'emulate/slow-stream', 'auto'])(
    'that is whole never throws: %s',
    async (model) => {
      const { text, error } = await ask(model)
      expect(error).toBeUndefined()
      expect(text).not.toContain('postern')
      expect(text.length).toBeGreaterThan(10)
    },
  )
})

describe('a stream, however it comes', () => {
  let postern: ScriptedPostern
  beforeAll(async () => {
    postern = await startScriptedPostern()
  })
  afterAll(() => postern.close())
  const ask = (...chunks: readonly (string | Buffer)[]) => {
    postern.answer(streamed(...chunks))
    return read(`${postern.origin}/ai`, async () => 'token', { model: 'auto' })
  }

  test.each(['truncated', 'upstream_error', 'cut_budget'])(
    'throws where the record says %s, though it ends like a whole one',
    async (finish) => {
      const { text, error } = await ask(said('Hel'), said('lo'), ending(finish), done)
      expect([text, error]).toEqual(['Hello', expect.any(PosternStreamError)])
      expect(error).toMatchObject({ finish, received: 'Hello', record: { finish } })
    },
  )

  test('throws where the record says that it is not whole, and a later one says that it is', async () => {
    const { error } = await ask(said('Hel'), ending('truncated'), said('lo'), ending('complete'), done)
    expect(error).toMatchObject({ name: 'PosternStreamError', finish: 'truncated' })
  })

  test('throws where the gateway reports a failure and nothing follows', async () => {
    expect((await ask(said('Hel'), 'data: {"error":{"message":"lost"}}\n\n')).error).toMatchObject({
      finish: 'upstream_error',
      received: 'Hel',
      cause: { message: 'lost' },
    })
  })

  test('throws where it is whole for the SDK, and no record came', async () => {
    expect((await ask(said('Hello'), done)).error).toMatchObject({ finish: 'truncated', received: 'Hello' })
  })

  test('throws where one piece came in place of a stream, which SDKs read as empty', async () => {
    postern.answer(answered('Hello'))
    const { error } = await read(`${postern.origin}/ai`, async () => 'token', { model: 'auto' })
    expect(error).toMatchObject({ name: 'PosternStreamError', finish: 'truncated', record: { finish: 'truncated' } })
  })

  test('says the same wherever its bytes are cut, of words in any script', async () => {
    const whole = Buffer.from(said('Grüße, ') + said('世界 🌍').replaceAll('\n', '\r\n') + 'data: {"error":{"message":"verloren"}}\n\n')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 4 }), async (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), whole.length]
        const { text, error } = await ask(...edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge)))
        expect(error).toMatchObject({ received: 'Grüße, 世界 🌍', cause: { message: 'verloren' } })
        expect('Grüße, 世界 🌍'.startsWith(text)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test.each<[where: string, pieces: readonly string[]]>([
    ['in the same piece', [said('Hel') + failure + said('lo') + ending('upstream_error')]],
    ['in a later piece', [said('Hel'), failure, said('lo'), ending('upstream_error')]],
    ['in the failure itself', [said('Hel'), failure.replace('{', '{"choices":[{"delta":{"content":"lo"}}],'), ending('upstream_error')]],
    ['and there is a second failure', [said('Hel'), failure + failure.replace('lost', 'again') + said('lo'), ending('upstream_error')]],
  ])('that failed has received nothing that came after the failure: %s', async (_, pieces) => {
    const { text, error } = await ask(...pieces)
    expect(error).toMatchObject({
      finish: 'upstream_error',
      received: 'Hel',
      cause: { message: 'lost' },
      record: { finish: 'upstream_error' },
    })
    expect('Hel').toContain(text)
  })

  test('passes on what came before the failure in the same piece', async () => {
    expect(await ask(said('Hel') + said('lo') + 'data: {"error":{"message":"lost"}}\n\n')).toMatchObject({ text: 'Hello' })
  })
})
