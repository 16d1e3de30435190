import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { bothClients } from './both-clients.js'

describe.each(bothClients)('the client with openai $version', ({ OpenAI, client }) => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())
  const open = () =>
    client.createPostern({ url: `${house.origin}/ai`, token: async () => (await house.minter.mint({ user: 'ada', team: 'acme' })).token })
  const request = (model = house.model) => ({ model, messages: [{ role: 'user' as const, content: 'good morning' }] })
  const text = 'You said: good morning'
  const complete = { key: 'acme', finish: 'complete', request_id: expect.any(String) }
  const idOf = () => house.ledger.entries.at(-1)?.request_id

  test('is a genuine OpenAI instance, and knows what each answer cost', async () => {
    const postern = open()
    const openai = postern.openai()
    expect(openai).toBeInstanceOf(OpenAI)
    const answer = await openai.chat.completions.create(request())
    expect(answer.choices[0]?.message.content).toBe(text)
    expect(postern.governance(answer)).toMatchObject({ ...complete, request_id: answer._request_id, cost: { unit: 'credits' } })
  })

  test('knows it of what withResponse, parse and Responses give', async () => {
    const postern = open()
    const openai = postern.openai()
    const withResponse = await openai.chat.completions.create(request()).withResponse()
    const expected = { ...complete, request_id: withResponse.request_id }
    expect(postern.governance(withResponse)).toMatchObject(expected)
    expect(postern.governance(withResponse.response)).toMatchObject(expected)
    expect(postern.governance(withResponse.data)).toMatchObject(expected)
    expect(postern.governance(await openai.chat.completions.parse(request()))).toMatchObject(complete)
    expect(postern.governance(await openai.responses.create({ model: house.model, input: 'good morning' }))).toMatchObject(complete)
  })

  test('knows it of a stream once it has ended', async () => {
    const postern = open()
    const stream = await postern.openai().chat.completions.create({ ...request(), stream: true })
    const record = postern.governance(stream)
    let whole = ''
    for await (const chunk of stream) whole += chunk.choices[0]?.delta.content ?? ''
    expect(whole).toBe(text)
    expect(await record).toMatchObject({ ...complete, cost: { unit: 'credits' } })
    expect(await postern.governance(stream)).toEqual(await record)
  })

  test('knows it of a stream that was split, of its response, and of the response’s body', async () => {
    const postern = open()
    const { data, response } = await postern
      .openai()
      .chat.completions.create({ ...request(), stream: true })
      .withResponse()
    expect(postern.governance(response)).toMatchObject({ key: 'acme' })
    const [left, right] = data.tee()
    for await (const _ of left);
    for await (const _ of right);
    expect(await postern.governance(left)).toMatchObject(complete)
    expect(await postern.governance(right)).toMatchObject(complete)
    const raw = await postern.fetch(`${postern.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...request(), stream: true }),
    })
    const { body } = raw
    const record = postern.governance(body as unknown as AsyncIterable<unknown>)
    expect(await raw.text()).toContain('[DONE]')
    expect(await record).toMatchObject(complete)
  })

  test('knows it of the helpers for chat and Responses, whole or not', async () => {
    const postern = open()
    const openai = postern.openai({ maxRetries: 0 })
    const chat = openai.chat.completions.stream(request())
    const early = postern.governance(chat)
    expect((await chat.finalChatCompletion()).choices[0]?.message.content).toBe(text)
    expect(await early).toMatchObject(complete)
    const responses = openai.responses.stream({ model: house.model, input: 'good morning' })
    expect((await responses.finalResponse()).output_text).toBe(text)
    expect(await postern.governance(responses)).toMatchObject(complete)

    const broken = openai.chat.completions.stream(request('emulate/cut-stream'))
    await expect(broken.finalChatCompletion()).rejects.toMatchObject({ cause: { name: 'PosternStreamError', finish: 'truncated' } })
    expect(await postern.governance(broken)).toMatchObject({ key: 'acme', finish: 'truncated' })
    const refused = openai.chat.completions.stream(request('emulate/gateway_key_rejected'))
    await expect(refused.finalChatCompletion()).rejects.toMatchObject({ status: 502 })
    expect(await postern.governance(refused)).toMatchObject({ finish: 'upstream_error' })

    const aborted = openai.chat.completions.stream(request('emulate/hang-stream'))
    aborted.on('chunk', () => aborted.abort())
    await expect(aborted.finalChatCompletion()).rejects.toBeInstanceOf(OpenAI.APIUserAbortError)
    expect(await postern.governance(aborted)).toMatchObject({ finish: 'client_closed' })
  })

  test('knows it of a stream that its reader left, by break, by abort, or before it read', async () => {
    const postern = open()
    const hanging = () => postern.openai().chat.completions.create({ ...request('emulate/hang-stream'), stream: true })
    const left = await hanging()
    for await (const _ of left) break
    expect(await postern.governance(left)).toMatchObject({ key: 'acme', finish: 'client_closed' })
    const aborted = await hanging()
    for await (const _ of aborted) aborted.controller.abort()
    expect(await postern.governance(aborted)).toMatchObject({ finish: 'client_closed' })
    const unread = await hanging()
    unread.controller.abort()
    expect(await postern.governance(unread)).toMatchObject({ finish: 'client_closed' })
    await Promise.all(house.emulator.seen.slice(-3).map(({ ended }) => ended))
    expect(house.emulator.seen.slice(-3).every(({ abandonedAfterMs }) => abandonedAfterMs !== undefined)).toBe(true)
  })

  test('knows it of errors, and says nothing of what is not Postern’s', async () => {
    const postern = open()
    const openai = postern.openai({ maxRetries: 0 })
    const error: unknown = await openai.chat.completions.create(request('emulate/rate_limited')).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(postern.governance(error as Error)).toMatchObject({ finish: 'upstream_error', request_id: idOf() })
    expect(postern.governance(new Error('something else'))).toBeUndefined()
    expect(postern.governance({})).toBeUndefined()
    await expect(postern.governance((async function* () {})())).rejects.toThrow('no answer of Postern')
    const pending = openai.models.list()
    expect(() => postern.governance(pending as unknown as object)).toThrow('Await the answer first')
    await pending
  })

  test('troubles nobody who does not await what it knows', async () => {
    const troubles: unknown[] = []
    const note = (trouble: unknown): number => troubles.push(trouble)
    process.on('unhandledRejection', note)
    const postern = open()
    const stream = await postern.openai().chat.completions.create({ ...request('emulate/cut-stream'), stream: true })
    void postern.governance(stream)
    void postern.governance((async function* () {})())
    await (async () => {
      for await (const _ of stream);
    })().catch(() => {})
    const unread = await postern.openai().chat.completions.create({ ...request('emulate/hang-stream'), stream: true })
    void postern.governance(unread)
    unread.controller.abort()
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.off('unhandledRejection', note)
    expect(troubles).toEqual([])
  })

  test('opens clients for a run and its steps, and gives the same as headers', async () => {
    const postern = open()
    const run = postern.workflow('onboarding-42')
    const draft = run.step('draft')
    const check = draft.step('check')
    await run.openai().chat.completions.create(request())
    await draft.openai().chat.completions.create(request())
    const answer = await check.openai().chat.completions.create(request())
    expect(house.ledger.entries.slice(-3).map(({ workflow, step, parent_step }) => [workflow, step, parent_step])).toEqual([
      ['onboarding-42', undefined, undefined],
      ['onboarding-42', 'draft', undefined],
      ['onboarding-42', 'check', 'draft'],
    ])
    expect(client.parseRequestId(postern.governance(answer)?.request_id ?? '')).toMatchObject({ workflow: 'onboarding-42', step: 'check' })
    expect(check.headers).toEqual({ 'X-Workflow-ID': 'onboarding-42', 'X-Step-ID': 'check', 'X-Parent-Step-ID': 'draft' })
    expect(() => run.step('not a name')).toThrow('letters, digits')
    expect(() => postern.workflow('')).toThrow('letters, digits')
  })
})
