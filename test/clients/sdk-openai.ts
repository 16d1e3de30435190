import type OpenAI from 'openai'
import { type Sdk, weather, weatherParameters } from './sdk.js'

/** Chat completions of the `openai` package. */
export function openaiChat(name: string, Client: typeof OpenAI): Sdk {
  return {
    name: `${name}, chat`,
    gateway: 'joytoken',
    api: 'chat',
    whenAborted: 'returns',
    open(postern, model) {
      const client = new Client({ baseURL: postern.baseURL, apiKey: 'none', fetch: postern.fetch, maxRetries: 0 })
      const ask = (prompt: string) => ({ model, messages: [{ role: 'user' as const, content: prompt }] })
      const tool = {
        type: 'function' as const,
        function: {
          name: 'weather',
          description: 'The weather of a city.',
          parameters: weatherParameters,
          parse: JSON.parse,
          function: ({ city }: { city: string }) => weather(city),
        },
      }
      return {
        async call(prompt, signal) {
          const answer = await client.chat.completions.create(ask(prompt), { signal })
          return { text: answer.choices[0]?.message.content ?? '', given: answer }
        },
        async stream(prompt, piece, signal) {
          const stream = await client.chat.completions.create({ ...ask(prompt), stream: true }, { signal })
          let text = ''
          for await (const { choices } of stream) {
            const said = choices[0]?.delta.content ?? ''
            text += said
            piece(said)
          }
          return { text, given: stream }
        },
        async useTool(prompt) {
          const runner = client.chat.completions.runTools({ ...ask(prompt), tools: [tool] })
          return (await runner.finalContent()) ?? ''
        },
        async streamTool(prompt) {
          const runner = client.chat.completions.runTools({ ...ask(prompt), stream: true, tools: [tool] })
          return (await runner.finalContent()) ?? ''
        },
      }
    },
  }
}

/** Its responses. */
export function openaiResponses(name: string, Client: typeof OpenAI): Sdk {
  return {
    name: `${name}, responses`,
    gateway: 'joytoken',
    api: 'responses',
    whenAborted: 'returns',
    open(postern, model) {
      const client = new Client({ baseURL: postern.baseURL, apiKey: 'none', fetch: postern.fetch, maxRetries: 0 })
      const tools = [{ type: 'function' as const, name: 'weather', parameters: weatherParameters, strict: true }]
      return {
        async call(prompt, signal) {
          const answer = await client.responses.create({ model, input: prompt }, { signal })
          return { text: answer.output_text, given: answer }
        },
        async stream(prompt, piece, signal) {
          const stream = await client.responses.create({ model, input: prompt, stream: true }, { signal })
          let text = ''
          for await (const event of stream) {
            if (event.type !== 'response.output_text.delta') continue
            text += event.delta
            piece(event.delta)
          }
          return { text, given: stream }
        },
        async useTool(prompt) {
          const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: prompt }]
          const first = await client.responses.create({ model, input, tools })
          const call = first.output.find((item) => item.type === 'function_call')
          if (call === undefined) throw new Error('No tool was called.')
          input.push(call, {
            type: 'function_call_output',
            call_id: call.call_id,
            output: weather((JSON.parse(call.arguments) as { city: string }).city),
          })
          return (await client.responses.create({ model, input, tools })).output_text
        },
      }
    },
  }
}
