import { createServer } from 'node:http'
import { listenAnywhere } from './house.js'

export interface RecordedRequest {
  readonly method: string
  readonly url: string
  readonly body: string
}

/** A gateway that answers every request with the same JSON, and records the requests. */
export interface RecordingUpstream {
  readonly baseURL: string
  readonly seen: RecordedRequest[]
  close(): Promise<void>
}

/** An answer that clients of every endpoint accept. */
const answer = JSON.stringify({
  id: 'an-id',
  object: 'list',
  model: 'small',
  data: [{ id: 'an-id', object: 'model', embedding: [0.5], index: 0, b64_json: '', url: 'https://pictures.example/1' }],
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  output: [],
  text: 'Hello',
})

export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const seen: RecordedRequest[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ method: request.method as string, url: request.url as string, body: Buffer.concat(chunks).toString() })
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    })
  })
  const origin = await listenAnywhere(server)
  return {
    baseURL: `${origin}/v1`,
    seen,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
