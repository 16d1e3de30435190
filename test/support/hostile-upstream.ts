import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { listenAnywhere } from './house.js'

/** A gateway that answers as a test wants, and records the requests that reached it. */
export interface HostileUpstream {
  readonly origin: string
  readonly baseURL: string
  readonly seen: { readonly url: string; readonly rawHeaders: readonly string[] }[]
  /** The bodies of the requests, in the order in which they were whole. */
  readonly bodies: string[]
  close(): Promise<void>
}

export async function startHostileUpstream(answer: RequestListener): Promise<HostileUpstream> {
  const seen: HostileUpstream['seen'] = []
  const bodies: string[] = []
  const server: Server = createServer((request: IncomingMessage, response) => {
    seen.push({ url: request.url as string, rawHeaders: request.rawHeaders })
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      bodies.push(Buffer.concat(pieces).toString())
      answer(request, response)
    })
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    baseURL: `${origin}/v1`,
    seen,
    bodies,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** A JSON chat completion that any client accepts. */
export const plainCompletion = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'some-model',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
})
