import { createServer, type ServerResponse } from 'node:http'
import { listenAnywhere } from './house.js'

/** A gateway that answers each call at once, but for streams: those it begins, and ends when it is told to. */
export interface StreamingGateway {
  readonly baseURL: string
  /** How many calls it got. */
  calls(): number
  /** How many streams are open. */
  open(): number
  /** Ends every stream that is open, as a gateway ends a stream. */
  finish(): void
  close(): Promise<void>
}

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const whole = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  model: 'm1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage,
})
const event = (members: object): string => `data: ${JSON.stringify({ id: 'c', model: 'm1', ...members })}\n\n`

export async function startStreamingGateway(): Promise<StreamingGateway> {
  const held = new Set<ServerResponse>()
  let calls = 0
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const piece of request) text += String(piece)
    calls += 1
    if (!text.includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(whole)
      return
    }
    held.add(response)
    response.on('close', () => held.delete(response))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(event({ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] }))
  })
  const origin = await listenAnywhere(server)
  return {
    baseURL: `${origin}/v1`,
    calls: () => calls,
    open: () => held.size,
    finish() {
      const last = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
      for (const response of held) response.end(`${last}${event({ choices: [], usage })}data: [DONE]\n\n`)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
