import { createOpenAI } from '@ai-sdk/openai'
import { listeningFetch } from '../methods/listening-fetch.js'
import { openClient } from '../methods/find-methods.js'
import { resultOf } from '../methods/result-of.js'
import type { RecordedStream } from './recorded.js'

/** A stream as it came, and what its reader made of it. */
export interface ReadStream {
  readonly bytes: string
  readonly result: string
  readonly failed: boolean
}

type Fetch = ReturnType<typeof listeningFetch>['fetch']

/** @param origin What stands before `/v1`. @param cut Where the upstream cuts it in two. */
export async function readStream(stream: RecordedStream, origin: string, credential: string, cut: number): Promise<ReadStream> {
  const { fetch, take } = listeningFetch()
  const { text, failed } = await resultOf(() => ask(stream, { origin, credential, fetch, model: `cut-${cut}` }), 'stream')
  const [heard] = await take()
  return { bytes: heard?.body ?? '', result: text, failed }
}

interface Asking {
  readonly origin: string
  readonly credential: string
  readonly fetch: Fetch
  readonly model: string
}

async function ask({ reader, path }: RecordedStream, { origin, credential, fetch, model }: Asking): Promise<unknown> {
  const asked = { model, max_tokens: 100, stream: true, input: 'Hello', messages: [{ role: 'user', content: 'Hello' }] }
  if (reader === 'events') {
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
    const answer = await fetch(`${origin}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(asked) })
    return [...(await answer.text()).matchAll(/^data: (.*)\r$/gm)].map(([, data]) => JSON.parse(data as string) as unknown)
  }
  if (reader !== '@ai-sdk/openai') return create(openClient(reader, origin, credential, fetch), path, asked)
  const provider = createOpenAI({ baseURL: `${origin}/v1`, apiKey: credential, fetch })
  const told = path === 'responses' ? provider.responses(model) : provider.chat(model)
  return (await told.doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] })).stream
}

/** `chat/completions` is `chat.completions`. */
function create(client: object, path: string, asked: object): unknown {
  const resource = path.split('/').reduce((at, member) => Reflect.get(at, member) as object, client) as { create(body: object): unknown }
  return resource.create(asked)
}
