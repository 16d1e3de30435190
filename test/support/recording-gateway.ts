import { createServer, type ServerResponse } from 'node:http'
import { listenAnywhere } from './house.js'

/** An OpenAI-compatible gateway that notes with which keys it is called. */
export interface RecordingGateway {
  readonly baseURL: string
  /** The key of each call, in their order. */
  readonly keys: string[]
  /** Answers in place of a completion, if it is set. */
  instead: ((response: ServerResponse, path: string) => void) | undefined
  close(): Promise<void>
}

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}

export async function startRecordingGateway(): Promise<RecordingGateway> {
  const server = createServer((request, response) => {
    gateway.keys.push(request.headers.authorization?.replace(/^Bearer /, '') ?? '')
    request.resume().on('end', () => {
      if (gateway.instead === undefined) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion))
      else gateway.instead(response, request.url ?? '')
    })
  })
  const gateway: RecordingGateway = {
    baseURL: `${await listenAnywhere(server)}/v1`,
    keys: [],
    instead: undefined,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return gateway
}
