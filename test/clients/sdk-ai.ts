import { createOpenAI } from '@ai-sdk/openai'
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { type Sdk, weather, weatherParameters } from './sdk.js'

/** The AI SDK, on either API. */
export function aiSdk(api: 'chat' | 'responses'): Sdk {
  return {
    name: `ai 6 with @ai-sdk/openai, ${api}`,
    gateway: 'joytoken',
    api,
    whenAborted: 'throws',
    open(postern, name) {
      const provider = createOpenAI({ baseURL: postern.baseURL, apiKey: 'none', fetch: postern.fetch })
      const usual = { model: provider[api](name), maxRetries: 0 }
      const tools = {
        weather: tool({
          inputSchema: jsonSchema<{ city: string }>(weatherParameters),
          execute: async ({ city }) => weather(city),
        }),
      }
      const toolRun = (prompt: string) => ({ ...usual, prompt, tools, stopWhen: stepCountIs(3) })
      return {
        async call(prompt, signal) {
          const result = await generateText({ ...usual, prompt, ...(signal && { abortSignal: signal }) })
          return { text: result.text, given: result }
        },
        async stream(prompt, piece, signal) {
          const result = streamText({ ...usual, prompt, ...(signal && { abortSignal: signal }), onError: () => {} })
          let text = ''
          // Its text alone ends quietly where the request was refused: that is a part of the whole, not an error thrown.
          for await (const part of result.fullStream) {
            if (part.type === 'error') throw part.error
            if (part.type === 'abort') throw new DOMException('The stream was aborted.', 'AbortError')
            if (part.type !== 'text-delta') continue
            text += part.text
            piece(part.text)
          }
          return { text, given: await result.response }
        },
        async useTool(prompt) {
          return (await generateText(toolRun(prompt))).text
        },
        async streamTool(prompt) {
          const result = streamText(toolRun(prompt))
          await result.consumeStream()
          return (await result.finishReason) === 'stop' ? result.text : ''
        },
      }
    },
  }
}
