// A program of its own, as a frontend or an agent would be: the ordinary `openai` client, the sidecar's
// address, and a credential that opens nothing but the sidecar. Prints what it got, as JSON.
import OpenAI from 'openai'

const { POSTERN_URL, CALLER_CREDENTIAL, MODEL } = process.env
const client = new OpenAI({ baseURL: POSTERN_URL, apiKey: CALLER_CREDENTIAL, maxRetries: 0 })
const messages = [{ role: 'user', content: 'good morning' }]
const headers = { 'X-Workflow-ID': 'greet', 'X-Step-ID': 'first' }

const answers = {}
try {
  const { data, response } = await client.chat.completions.create({ model: MODEL, messages }, { headers }).withResponse()
  answers.json = { text: data.choices[0].message.content, usage: data.usage, headers: Object.fromEntries(response.headers) }

  const stream = await client.chat.completions.create({ model: MODEL, messages, stream: true }, { headers })
  const pieces = []
  for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta?.content ?? '')
  answers.stream = { text: pieces.join(''), pieces: pieces.filter(Boolean).length }

  answers.helper = await client.chat.completions
    .stream({ model: MODEL, messages })
    .finalContent()
    .then((text) => ({ text }))
    .catch((error) => ({ error: error.message }))
} catch (error) {
  answers.error = { status: error.status, code: error.code, message: error.message }
}
process.stdout.write(JSON.stringify({ ...answers, environment: Object.keys(process.env) }))
