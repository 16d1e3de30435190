import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { type Sdk, weather, weatherParameters } from './sdk.js'

/** LangChain, on either API. */
export function langchain(api: 'chat' | 'responses'): Sdk {
  return {
    name: `@langchain/openai, ${api}`,
    gateway: 'joytoken',
    api,
    whenAborted: 'throws',
    open(postern, model) {
      // Its messages keep no header; who wants the record keeps the response.
      let response: Response
      const keeping: typeof fetch = async (input, init) => (response = await postern.fetch(input, init))
      const chat = new ChatOpenAI({
        model,
        apiKey: 'none',
        maxRetries: 0,
        useResponsesApi: api === 'responses',
        configuration: { baseURL: postern.baseURL, fetch: keeping },
      })
      const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: weatherParameters } }]
      return {
        async call(prompt, signal) {
          const answer = await chat.invoke(prompt, signal && { signal })
          return { text: answer.text, given: response }
        },
        async stream(prompt, piece, signal) {
          let text = ''
          for await (const chunk of await chat.stream(prompt, signal && { signal })) {
            text += chunk.text
            piece(chunk.text)
          }
          return { text, given: response }
        },
        async useTool(prompt) {
          const able = chat.bindTools(tools)
          const asked = new HumanMessage(prompt)
          const first = await able.invoke([asked])
          const [call] = first.tool_calls ?? []
          if (call === undefined) throw new Error('No tool was called.')
          const told = new ToolMessage({ tool_call_id: call.id ?? '', content: weather(String(call.args['city'])) })
          return (await able.invoke([asked, first, told])).text
        },
      }
    },
  }
}
