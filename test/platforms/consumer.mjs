// What somebody does with the client, whole: a chat, a stream, one that breaks off, a redirect. Gives what came of each.
import { createPostern } from '@postern/client'

export async function consume({ url, token, model, elsewhere }) {
  const postern = createPostern({ url, token: async () => token })
  const openai = postern.openai({ maxRetries: 0 })
  const messages = [{ role: 'user', content: 'Hello' }]
  const told = (call) => call().catch((error) => ({ name: error.name, message: error.message, cause: String(error.cause ?? '') }))
  return {
    chat: await told(async () => {
      const answer = await openai.chat.completions.create({ model, messages })
      return { text: answer.choices[0].message.content, record: postern.governance(answer) }
    }),
    stream: await told(async () => {
      const stream = await openai.chat.completions.create({ model, messages, stream: true })
      let text = ''
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      return { text, record: await postern.governance(stream) }
    }),
    cut: await told(async () => {
      const stream = await openai.chat.completions.create({ model: 'emulate/cut-stream', messages, stream: true })
      for await (const _ of stream);
    }),
    proved: await told(async () => {
      let thumbprint
      const proving = createPostern({ url, token: async ({ jkt }) => ((thumbprint = jkt), token), dpop: true })
      await proving.fetch(`${proving.baseURL}/models`)
      return thumbprint
    }),
    redirected: await told(async () => {
      const { fetch, baseURL } = createPostern({ url: elsewhere, token: async () => token })
      await fetch(`${baseURL}/models`)
    }),
  }
}
