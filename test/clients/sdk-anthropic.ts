import Anthropic from '@anthropic-ai/sdk'
import { VERSION } from '@anthropic-ai/sdk/version'
import { type Sdk, weather, weatherParameters } from './sdk.js'

export const anthropic: Sdk = {
  name: `@anthropic-ai/sdk ${VERSION}`,
  gateway: 'mintoken',
  api: 'messages',
  whenAborted: 'returns',
  open(postern) {
    // It adds the version to the address itself.
    const client = new Anthropic({ baseURL: postern.url, apiKey: 'none', fetch: postern.fetch, maxRetries: 0 })
    const ask = (prompt: string) => ({
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      messages: [{ role: 'user' as const, content: prompt }] as Anthropic.MessageParam[],
    })
    const textOf = ({ content }: Anthropic.Message): string => content.map((block) => (block.type === 'text' ? block.text : '')).join('')
    return {
      async call(prompt, signal) {
        // Its messages know only the id of Anthropic's own header; the response knows ours.
        const answer = await client.messages.create(ask(prompt), { signal }).withResponse()
        return { text: textOf(answer.data), given: answer }
      },
      async stream(prompt, piece, signal) {
        const stream = await client.messages.create({ ...ask(prompt), stream: true }, { signal })
        let text = ''
        for await (const event of stream) {
          if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') continue
          text += event.delta.text
          piece(event.delta.text)
        }
        return { text, given: stream }
      },
      async useTool(prompt) {
        const asked = { ...ask(prompt), tools: [{ name: 'weather', input_schema: weatherParameters }] }
        const first = await client.messages.create(asked)
        const call = first.content.find((block) => block.type === 'tool_use')
        if (call === undefined) throw new Error('No tool was called.')
        const result = { type: 'tool_result' as const, tool_use_id: call.id, content: weather((call.input as { city: string }).city) }
        const messages = [
          ...asked.messages,
          { role: 'assistant' as const, content: first.content },
          { role: 'user' as const, content: [result] },
        ]
        return textOf(await client.messages.create({ ...asked, messages }))
      },
    }
  },
}
