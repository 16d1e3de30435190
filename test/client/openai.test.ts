import { createPostern, PosternStreamError } from '@postern/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

describe('the client', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())
  const open = () =>
    createPostern({ url: `${house.origin}/ai`, token: async () => (await house.minter.mint({ user: 'ada', team: 'acme' })).token })
  const request = () => ({ model: house.model, messages: [{ role: 'user' as const, content: 'Hello' }] })

  test('is a genuine OpenAI instance, and knows what each answer cost', async () => {
    const postern = open()
    const answer = await postern.openai().chat.completions.create(request())
    expect(answer.choices[0]?.message.content).toBeTruthy()
    expect(postern.governance(answer)).toMatchObject({ key: 'acme', finish: 'complete' })
  })

  test('knows it of a stream once it has ended, helper included', async () => {
    const postern = open()
    const stream = await postern.openai().chat.completions.create({ ...request(), stream: true })
    const record = postern.governance(stream)
    for await (const _ of stream);
    expect(await record).toMatchObject({ key: 'acme', finish: 'complete' })
    const runner = postern.openai().chat.completions.stream(request())
    await runner.finalChatCompletion()
    expect(await postern.governance(runner)).toMatchObject({ key: 'acme', finish: 'complete' })
  })

  test('fails a stream that broke off', async () => {
    const stream = await open()
      .openai({ maxRetries: 0 })
      .chat.completions.create({ ...request(), messages: [{ role: 'user', content: 'emulate: cut-stream' }], stream: true })
    const read = async (): Promise<void> => {
      for await (const _ of stream);
    }
    const error: unknown = await read().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PosternStreamError)
    expect(error).toMatchObject({ finish: 'truncated' })
  })
})
