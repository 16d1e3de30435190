import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents'
import OpenAI from 'openai-7'
import { type Sdk, weather, weatherParameters } from './sdk.js'

/** The Agents SDK, on either API. */
export function agents(api: 'chat' | 'responses'): Sdk {
  return {
    name: `@openai/agents, ${api}`,
    gateway: 'joytoken',
    api,
    whenAborted: 'returns',
    open(postern, model) {
      const client = new OpenAI({ baseURL: postern.baseURL, apiKey: 'none', fetch: postern.fetch, maxRetries: 0 })
      const modelProvider = new OpenAIProvider({ openAIClient: client, useResponses: api === 'responses' })
      // Left on, its traces go to OpenAI, past Postern and with a key of their own.
      const runner = new Runner({ modelProvider, tracingDisabled: true })
      const agent = new Agent({ name: 'one', instructions: 'Answer.', model })
      const able = new Agent({
        name: 'able',
        model,
        tools: [
          tool({
            name: 'weather',
            description: 'The weather of a city.',
            parameters: { ...weatherParameters, additionalProperties: false as const },
            strict: true,
            execute: async (input) => weather((input as { city: string }).city),
          }),
        ],
      })
      return {
        async call(prompt, signal) {
          const result = await runner.run(agent, prompt, signal && { signal })
          return { text: result.finalOutput ?? '', given: { request_id: result.rawResponses[0]?.requestId } }
        },
        async stream(prompt, piece, signal) {
          const result = await runner.run(agent, prompt, { stream: true, ...(signal && { signal }) })
          let text = ''
          for await (const said of result.toTextStream()) {
            text += said
            piece(said)
          }
          await result.completed
          return { text, given: { request_id: result.rawResponses[0]?.requestId } }
        },
        async useTool(prompt) {
          return (await runner.run(able, prompt)).finalOutput ?? ''
        },
        async streamTool(prompt) {
          const result = await runner.run(able, prompt, { stream: true })
          await result.completed
          return result.finalOutput ?? ''
        },
      }
    },
  }
}
