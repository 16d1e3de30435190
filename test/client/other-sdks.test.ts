import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { ChatOpenAI } from '@langchain/openai'
import { createPosternFetch, PosternStreamError } from '@postern/client'
import { generateText, streamText } from 'ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

const openPostern = (house: House) =>
  createPosternFetch({ url: `${house.origin}/ai`, token: async () => (await house.minter.mint({ user: 'ada', team: 'acme' })).token })
const text = 'You said: good morning'

describe('postern.fetch carries other SDKs', () => {
  let house: House
  let mintoken: House
  beforeAll(async () => {
    house = await openHouse()
    mintoken = await openHouse({ gateway: 'mintoken' })
  })
  afterAll(() => Promise.all([house.close(), mintoken.close()]))

  test('the AI SDK, whole and as a stream, tagged and with its record', async () => {
    const postern = openPostern(house)
    const step = postern.workflow('ai-sdk').step('draft')
    const model = createOpenAI({ baseURL: postern.baseURL, apiKey: 'none', fetch: step.fetch }).chat(house.model)
    const answer = await generateText({ model, prompt: 'good morning' })
    expect(answer.text).toBe(text)
    expect(postern.governance(answer)).toMatchObject({ workflow: 'ai-sdk', step: 'draft', finish: 'complete' })
    const stream = streamText({ model, prompt: 'good morning' })
    let whole = ''
    for await (const piece of stream.textStream) whole += piece
    expect(whole).toBe(text)
    expect(postern.governance(await stream.response)).toMatchObject({ workflow: 'ai-sdk', step: 'draft' })
  })

  test('the AI SDK learns of a stream that broke off', async () => {
    const postern = openPostern(house)
    const model = createOpenAI({ baseURL: postern.baseURL, apiKey: 'none', fetch: postern.fetch }).chat('emulate/end-without-done')
    const stream = streamText({ model, prompt: 'one two three four', maxRetries: 0, onError: () => {} })
    const read = async (): Promise<void> => {
      for await (const _ of stream.fullStream);
    }
    const error = await read().catch((thrown: unknown) => thrown as Error)
    expect(postern.governance(error as Error)).toMatchObject({ finish: 'truncated' })
  })

  test('LangChain', async () => {
    const postern = openPostern(house)
    const model = new ChatOpenAI({ model: house.model, apiKey: 'none', configuration: { baseURL: postern.baseURL, fetch: postern.fetch } })
    expect((await model.invoke('good morning')).content).toBe(text)
    let whole = ''
    for await (const chunk of await model.stream('good morning')) whole += chunk.text
    expect(whole).toBe(text)
  })

  test('Anthropic’s, with streams, helpers and records', async () => {
    const postern = openPostern(mintoken)
    const anthropic = new Anthropic({
      baseURL: postern.url,
      apiKey: 'none',
      fetch: postern.fetch,
      maxRetries: 0,
      dangerouslyAllowBrowser: true,
    })
    const question = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'good morning' }] }
    expect(postern.governance(await anthropic.messages.create(question))).toMatchObject({ finish: 'complete' })
    const stream = await anthropic.messages.create({ ...question, stream: true })
    for await (const _ of stream);
    expect(await postern.governance(stream)).toMatchObject({ finish: 'complete' })
    const helper = anthropic.messages.stream(question)
    await helper.finalMessage()
    expect(await postern.governance(helper)).toMatchObject({ finish: 'complete' })
    const broken = await anthropic.messages.create({ ...question, model: 'emulate/end-without-done', stream: true })
    const read = async (): Promise<void> => {
      for await (const _ of broken);
    }
    await expect(read()).rejects.toBeInstanceOf(PosternStreamError)
  })
})
