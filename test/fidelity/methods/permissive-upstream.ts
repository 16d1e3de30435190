import { createServer } from 'node:http'
import { listenAnywhere } from '../../support/house.js'
import type { Kind } from './find-methods.js'

/** A request as it came. */
export interface SeenRequest {
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** A server of no particular provider: it takes everything and answers each kind of call with something of that kind. */
export interface PermissiveUpstream {
  readonly origin: string
  /** What is answered from now on. */
  answers(kind: Kind): void
  /** What came since this was asked last. */
  take(): SeenRequest[]
  close(): Promise<void>
}

/** What clients of every endpoint take for an answer, with what a careless reader would write differently. */
export const answerText = `{
  "id": "an-id", "object": "list", "type": "message", "role": "assistant", "status": "completed", "created": 1.0e3, "model": "small",
  "data": [{ "id": "an-id", "object": "model", "embedding": [0.1, -0.0, 1E-7], "index": 0, "url": "https://pictures.example/1" }],
  "has_more": false, "first_id": "an-id", "last_id": "an-id", "next_page": null,
  "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Zo\\u00eb \u2028 \u{1F40E}" }, "finish_reason": "stop" }],
  "content": [{ "type": "text", "text": "Hello" }], "stop_reason": "end_turn", "big": 12345678901234567890,
  "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "input_tokens": 1, "output_tokens": 1 },
  "output": [], "text": "Hello", "error": null, "incomplete_details": null, "metadata": {}
}
`

const opened = { id: 'an-id', object: 'chat.completion.chunk', created: 1, model: 'small', usage: null }

/** Events that are whole to the readers of every API: chat chunks, events of responses and of messages. */
function eventsOf(target: string): string {
  if (/\/messages(?:\?|$)/.test(target)) {
    const message = { id: 'an-id', type: 'message', role: 'assistant', model: 'small', content: [], stop_reason: null, usage: {} }
    return [
      { type: 'message_start', message },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Zoë 🐎' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
      { type: 'message_stop' },
    ]
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join('')
  }
  if (/\/responses(?:[/?]|$)/.test(target)) {
    const response = { id: 'an-id', object: 'response', model: 'small', output: [] }
    return [
      { type: 'response.created', response: { ...response, status: 'in_progress' } },
      { type: 'response.output_text.delta', item_id: 'an-id', output_index: 0, content_index: 0, delta: 'Zoë 🐎' },
      { type: 'response.completed', response: { ...response, status: 'completed' } },
    ]
      .map((event, index) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`)
      .join('')
  }
  const chunks = [
    { ...opened, choices: [{ index: 0, delta: { role: 'assistant', content: 'Zoë 🐎' }, finish_reason: null }] },
    { ...opened, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  ]
  return `: a comment\n\n${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`
}

const bytes = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256))

export async function startPermissiveUpstream(): Promise<PermissiveUpstream> {
  let kind: Kind = 'json'
  let seen: SeenRequest[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: target = '', rawHeaders } = request
      seen.push({ method, target, rawHeaders, body: Buffer.concat(chunks) })
      const told = { 'x-ratelimit-remaining-requests': '9', 'openai-version': '2020-10-01', 'x-of-the-provider': 'kept' }
      if (kind === 'stream') response.writeHead(200, { ...told, 'content-type': 'text/event-stream; charset=utf-8' }).end(eventsOf(target))
      else if (kind === 'download') response.writeHead(200, { ...told, 'content-type': 'application/octet-stream' }).end(bytes)
      else if (kind === 'nothing') response.writeHead(204, told).end()
      else response.writeHead(200, { ...told, 'content-type': 'application/json' }).end(answerText)
    })
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    answers(next) {
      kind = next
    },
    take() {
      const taken = seen
      seen = []
      return taken
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
