import { EMULATED_GATEWAYS, type EmulatedGateway } from '@postern/emulator'
import { parseGovernance } from '@postern/protocol'
import OpenAI6 from 'openai'
import OpenAI7 from 'openai-7'
import { VERSION as version6 } from 'openai/version'
import { VERSION as version7 } from 'openai-7/version'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

/** The two lines of the client are alike in what is used of them here. */
const clients: readonly [version: string, Client: typeof OpenAI6][] = [
  [version6, OpenAI6],
  [version7, OpenAI7 as unknown as typeof OpenAI6],
]

test('the clients are the ones that are promised', () => {
  expect(version6).toBe('6.49.0')
  expect(version7).toMatch(/^7\./)
})

/** Gateways whose chat streams bring usage: unasked, when asked, or never. */
const usageInStreams: Readonly<Record<EmulatedGateway, 'always' | 'asked' | 'never'>> = {
  joytoken: 'never',
  opentoken: 'always',
  freeai: 'never',
  onysoft: 'always',
  mintoken: 'asked',
}

const messages = [{ role: 'user' as const, content: 'good morning' }]
const said = 'You said: good morning'

describe.each(clients)('openai %s', (_, OpenAI) => {
  describe.each(EMULATED_GATEWAYS)('through Postern on %s', (gateway) => {
    let house: House
    let openai: OpenAI6
    beforeAll(async () => {
      house = await openHouse({ gateway })
      openai = new OpenAI({ baseURL: house.baseURL, apiKey: house.callers.acme, maxRetries: 0 })
    })
    afterAll(() => house.close())
    const streamOptions = usageInStreams[gateway] === 'asked' ? { stream_options: { include_usage: true } } : {}

    test('create gives the whole answer, its usage, and Postern’s id of the request', async () => {
      const { data, response, request_id: id } = await openai.chat.completions.create({ model: house.model, messages }).withResponse()
      expect(data.choices[0]?.message.content).toBe(said)
      expect(data.usage?.total_tokens).toBeGreaterThan(0)
      expect(id).toBe(response.headers.get('x-request-id'))
      expect(parseGovernance(response.headers.get('postern-governance'))).toMatchObject({
        request_id: id,
        finish: 'complete',
        usage: { total: data.usage?.total_tokens },
      })
    })

    test('a stream is iterated to its end, and every chunk can be read without a guard', async () => {
      const stream = await openai.chat.completions.create({ model: house.model, messages, stream: true, ...streamOptions })
      const pieces: string[] = []
      const counted: unknown[] = []
      for await (const chunk of stream) {
        expect(chunk.choices).toBeInstanceOf(Array)
        pieces.push(chunk.choices[0]?.delta.content ?? '')
        if (chunk.usage) counted.push(chunk.usage)
      }
      expect(pieces.join('')).toBe(said)
      expect(counted).toHaveLength(usageInStreams[gateway] === 'never' ? 0 : 1)
    })

    test('the .stream() helper ends without throwing, with the whole message, and with usage where the gateway sends it', async () => {
      const runner = openai.chat.completions.stream({ model: house.model, messages, ...streamOptions })
      const completion = await runner.finalChatCompletion()
      expect(completion.choices).toMatchObject([{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: said } }])
      if (usageInStreams[gateway] !== 'never') expect((await runner.totalUsage()).total_tokens).toBeGreaterThan(0)
      expect(house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete' })
    })

    test('an error is an APIError of the right class, with status, code, type and id, and is asked for once where it is final', async () => {
      const retrying = new OpenAI({ baseURL: house.baseURL, apiKey: house.callers.acme, maxRetries: 2 })
      const before = house.emulator.seen.length
      const error = await retrying.chat.completions
        .create({ model: 'emulate/gateway_key_rejected', messages })
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(OpenAI.InternalServerError)
      expect(error).toMatchObject({
        status: 502,
        code: 'gateway_key_rejected',
        type: 'api_error',
        requestID: expect.stringMatching(/\.1$/),
      })
      expect(house.emulator.seen.length - before).toBe(1)
    })

    test('a stream that fails throws, and so does one that breaks off', async () => {
      for (const model of ['emulate/stream-error', 'emulate/cut-stream', 'emulate/end-without-done']) {
        const runner = openai.chat.completions.stream({ model, messages: [{ role: 'user', content: 'one two three four five six' }] })
        await expect(runner.finalChatCompletion(), model).rejects.toThrow()
      }
    })
  })

  describe('on endpoints beside chat', () => {
    const open = async (gateway: EmulatedGateway) => {
      const house = await openHouse({ gateway })
      return { house, openai: new OpenAI({ baseURL: house.baseURL, apiKey: house.callers.acme, maxRetries: 0 }) }
    }

    test('JoyToken: responses, streamed and not, with the helper, whatever record comes in between', async () => {
      const { house, openai } = await open('joytoken')
      try {
        const whole = await openai.responses.create({ model: 'auto', input: 'good morning' })
        expect([whole.output_text, whole.usage?.total_tokens]).toEqual([said, expect.any(Number)])
        const stream = await openai.responses.create({ model: 'auto', input: 'good morning', stream: true })
        const types: string[] = []
        for await (const event of stream) types.push(event.type)
        expect(types.at(-1)).toBe('response.completed')
        expect(types).not.toContain(undefined)
        const final = await openai.responses.stream({ model: 'auto', input: 'good morning' }).finalResponse()
        expect([final.output_text, final.usage?.output_tokens]).toEqual([said, expect.any(Number)])
        expect(house.ledger.entries.map(({ finish, cost, usage }) => [finish, cost?.unit, usage?.source])).toEqual([
          ['complete', 'credits', 'answer'],
          ['complete', 'credits', 'stream'],
          ['complete', 'credits', 'stream'],
        ])
      } finally {
        await house.close()
      }
    })

    test('Free AI: responses, and its own refusal to stream them', async () => {
      const { house, openai } = await open('freeai')
      try {
        expect((await openai.responses.create({ model: 'auto', input: 'good morning' })).output_text).toBe(said)
        const refused = openai.responses.create({ model: 'auto', input: 'good morning', stream: true })
        await expect(refused).rejects.toMatchObject({ status: 400, code: 'stream_not_supported' })
      } finally {
        await house.close()
      }
    })

    test.each(['joytoken', 'opentoken', 'freeai'] as const)('%s: the list of models', async (gateway) => {
      const { house, openai } = await open(gateway)
      try {
        const ids: string[] = []
        for await (const model of openai.models.list()) {
          expect(model).toMatchObject({ object: 'model', id: expect.any(String) })
          ids.push(model.id)
        }
        expect(ids.length).toBeGreaterThan(2)
      } finally {
        await house.close()
      }
    })

    test.each([
      ['opentoken', 'google/text-embedding-004'],
      ['freeai', '@cf/baai/bge-large-en-v1.5'],
    ] as const)('%s: embeddings', async (gateway, model) => {
      const { house, openai } = await open(gateway)
      try {
        const { data } = await openai.embeddings.create({ model, input: 'a door', encoding_format: 'float' })
        expect(data[0]?.embedding.length).toBeGreaterThan(100)
      } finally {
        await house.close()
      }
    })

    test('Free AI: a transcription that is uploaded, and speech that is downloaded byte for byte', async () => {
      const { house, openai } = await open('freeai')
      try {
        const file = new File([Buffer.alloc(5000, 1)], 'speech.wav', { type: 'audio/wav' })
        expect((await openai.audio.transcriptions.create({ model: 'auto', file })).text).toContain('5000 bytes')
        const speech = await openai.audio.speech.create({ model: 'auto', voice: 'alloy', input: 'good morning' })
        expect((await speech.arrayBuffer()).byteLength).toBe(65_536)
      } finally {
        await house.close()
      }
    })
  })
})
