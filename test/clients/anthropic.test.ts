import Anthropic from '@anthropic-ai/sdk'
import { VERSION } from '@anthropic-ai/sdk/version'
import { parseGovernance } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

const question = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'good morning' }] }
const said = 'You said: good morning'

describe(`@anthropic-ai/sdk ${VERSION} through Postern on Mintoken’s /v1/messages`, () => {
  forEachDoor({ gateway: 'mintoken' }, (house) => {
    // Its client wants the address without /v1, and sends a token as the Bearer credential that Postern takes.
    const connect = () => new Anthropic({ baseURL: `${house().origin}/ai`, authToken: house().callers.acme, apiKey: null, maxRetries: 0 })

    test('create gives the whole message and its usage', async () => {
      const { data, response } = await connect().messages.create(question).withResponse()
      expect(data.content).toMatchObject([{ type: 'text', text: said }])
      expect(data.usage.output_tokens).toBeGreaterThan(0)
      expect(parseGovernance(response.headers.get('postern-governance'))).toMatchObject({
        finish: 'complete',
        model: 'claude-sonnet-4-5',
        usage: { input: data.usage.input_tokens, output: data.usage.output_tokens },
        intensity: 'full',
      })
      const seen = house().emulator.seen.at(-1)
      expect(seen?.url).toBe('/v1/messages')
      expect(seen?.headers.find(([name]) => name.toLowerCase() === 'anthropic-version')?.[1]).toMatch(/^\d{4}-\d\d-\d\d$/)
    })

    test('a stream brings every named event, in order and untouched', async () => {
      const types: string[] = []
      for await (const event of await connect().messages.create({ ...question, stream: true })) types.push(event.type)
      expect([types[0], types.at(-1)]).toEqual(['message_start', 'message_stop'])
      expect(types).toContain('content_block_delta')
    })

    test('the .stream() helper ends without throwing, with the whole message and its usage', async () => {
      const message = await connect().messages.stream(question).finalMessage()
      expect(message).toMatchObject({ content: [{ type: 'text', text: said }], stop_reason: 'end_turn' })
      expect(message.usage.output_tokens).toBeGreaterThan(1)
      expect(house().ledger.entries.at(-1)).toMatchObject({
        finish: 'complete',
        usage: { output: message.usage.output_tokens, source: 'stream' },
      })
    })

    test('a provider’s error keeps its status and words, and ours its code', async () => {
      const wrong = connect().messages.create({ ...question, model: 'emulate/provider_bad_request' })
      await expect(wrong).rejects.toMatchObject({ status: 400 })
      const rejected = connect().messages.create({ ...question, model: 'emulate/provider_key_rejected' })
      await expect(rejected).rejects.toMatchObject({ status: 502, error: { error: { code: 'gateway_key_rejected' } } })
    })

    test('a stream that fails or breaks off throws', async () => {
      for (const model of ['emulate/stream-error', 'emulate/cut-stream', 'emulate/end-without-done']) {
        await expect(
          connect()
            .messages.stream({ ...question, model })
            .finalMessage(),
          model,
        ).rejects.toThrow()
      }
    })
  })
})
