// A page's program on a platform that is told by what it lacks, as React Native does: run with the address of Postern, a token, a
// model, and how much is there (`bare`, or `streams` where a fetch such as Expo's gives them). Prints what it got, as JSON.
import { request } from 'node:http'

const [url, token, model, form] = process.argv.slice(2)

/** Of React Native's kind: made of text, without `body`; a stream that it is given is written as "[object ReadableStream]". */
class PlainResponse {
  constructor(text, { status = 200, statusText = '', headers } = {}) {
    Object.assign(this, { status, statusText, headers: new Headers(headers), ok: status >= 200 && status < 300, url: '' })
    this.said = String(text ?? '')
  }
  text = async () => this.said
  json = async () => JSON.parse(this.said)
  arrayBuffer = async () => new TextEncoder().encode(this.said).buffer
  clone = () => new PlainResponse(this.said, this)
}

/** Reads answers whole, and follows redirects whatever it is told. */
function bareFetch(input, { method = 'GET', headers, body, signal } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request(String(input), { method, headers: Object.fromEntries(headers) }, (answer) => {
      const init = { status: answer.statusCode, headers: answer.headers }
      if (form === 'streams') {
        const { Readable } = process.getBuiltinModule('node:stream')
        resolve(Object.assign(new PlainResponse('', init), { body: Readable.toWeb(answer) }))
        return
      }
      const chunks = []
      answer.on('error', () => reject(new TypeError('Network request failed')))
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('end', () => resolve(new PlainResponse(Buffer.concat(chunks).toString(), init)))
    })
    signal?.addEventListener('abort', () => asked.destroy())
    asked.on('error', reject)
    asked.end(body ?? undefined)
  })
}

// Node makes this one of parts that go.
void Headers
if (form === 'bare') delete globalThis.ReadableStream
for (const name of ['crypto', 'Request', 'DOMException', 'TextDecoderStream', 'TransformStream', 'WritableStream']) delete globalThis[name]
delete URL.canParse
for (const name of ['reason', 'throwIfAborted']) delete AbortSignal.prototype[name]
Object.assign(globalThis, { Response: PlainResponse, fetch: bareFetch })

const { createPostern } = await import('@postern/client')
const postern = createPostern({ url, token: async () => token })
const openai = postern.openai()
const messages = [{ role: 'user', content: 'Hello' }]
const told = async (call) => call().catch((error) => ({ name: error.name, message: error.message, received: error.received }))

const printed = {
  chat: await told(async () => {
    const answer = await openai.chat.completions.create({ model, messages })
    return { text: answer.choices[0].message.content, record: postern.governance(answer) }
  }),
  models: await told(async () => (await openai.models.list()).data.length),
  stream: await told(async () => {
    const stream = await openai.chat.completions.create({ model, messages, stream: true })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    return { text, record: await postern.governance(stream) }
  }),
  cut: await told(async () => {
    const stream = await openai.chat.completions.create({ model: 'emulate/cut-stream', messages, stream: true })
    for await (const _ of stream);
    return 'taken for whole'
  }),
  left: await told(async () => {
    const leaving = new AbortController()
    const slow = createPostern({ url, token: () => new Promise(() => {}) })
    const call = slow.fetch(`${slow.baseURL}/models`, { signal: leaving.signal })
    leaving.abort()
    await call.catch(() => slow.fetch(`${slow.baseURL}/models`, { signal: leaving.signal }))
  }),
}
process.stdout.write(JSON.stringify(printed))
process.exit()
