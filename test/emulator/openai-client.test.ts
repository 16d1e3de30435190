import { EMULATED_GATEWAYS } from '@postern/emulator'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { KEYS, MODELS, emulate, goodHeaders } from './support.js'

describe.each(EMULATED_GATEWAYS)('the OpenAI client, straight to %s,', (gateway) => {
  const { authorization: _, 'content-type': __, ...defaultHeaders } = goodHeaders(gateway)
  const messages = [{ role: 'user' as const, content: 'good morning' }]

  async function client(apiKey = KEYS[gateway].secret) {
    const emulator = await emulate(gateway)
    return new OpenAI({ apiKey, baseURL: emulator.baseURL, defaultHeaders, maxRetries: 0 })
  }

  test('gets an answer', async () => {
    const completion = await (await client()).chat.completions.create({ model: MODELS[gateway], messages })
    expect(completion.choices[0]?.message.content).toBe('You said: good morning')
    expect(completion.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 })
  })

  test('gets a stream', async () => {
    const stream = await (await client()).chat.completions.create({ model: MODELS[gateway], messages, stream: true })
    const pieces: string[] = []
    for await (const chunk of stream) pieces.push(chunk.choices?.[0]?.delta.content ?? '')
    expect(pieces.join('')).toBe('You said: good morning')
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(3)
  })

  test('is refused with a wrong key', async () => {
    const answer = (await client('mt_live_wrong')).chat.completions.create({ model: MODELS[gateway], messages })
    await expect(answer).rejects.toMatchObject({ status: gateway === 'joytoken' ? 403 : 401 })
  })
})
