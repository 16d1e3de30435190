import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenAnywhere } from './house.js'

/** A call as its gateway has it. */
export interface NotedCall {
  /** The id of the attempt, which Postern sent. */
  readonly requestId: string
  readonly input: number
  readonly output: number
}

/** A gateway that bills each call when it comes, and notes its id. */
export interface NotingGateway {
  readonly baseURL: string
  readonly bill: readonly NotedCall[]
  close(): Promise<void>
}

/** @param random Below 1; says how long answers take and how much of their ceiling they use. */
export async function startNotingGateway(random: () => number): Promise<NotingGateway> {
  const bill: NotedCall[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const piece of request) text += String(piece)
    const body = JSON.parse(text) as { readonly max_tokens: number; readonly stream?: boolean }
    const call = { requestId: String(request.headers['x-request-id']), input: 20, output: 1 + Math.floor(body.max_tokens * random()) }
    bill.push(call)
    const pauseMs = Math.floor(random() * 60)
    const usage = { prompt_tokens: call.input, completion_tokens: call.output, total_tokens: call.input + call.output }
    if (body.stream === true) await stream(response, usage, pauseMs)
    else {
      await sleep(pauseMs)
      const choices = [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }]
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ id: 'c', object: 'chat.completion', model: 'm1', choices, usage }))
    }
  })
  const origin = await listenAnywhere(server)
  return {
    baseURL: `${origin}/v1`,
    bill,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

async function stream(response: ServerResponse, usage: object, pauseMs: number): Promise<void> {
  const event = (members: object): string => `data: ${JSON.stringify({ id: 'c', model: 'm1', ...members })}\n\n`
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let piece = 0; piece < 4; piece += 1) {
    response.write(event({ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: piece === 3 ? 'stop' : null }] }))
    await sleep(pauseMs / 2)
  }
  response.end(`${event({ choices: [], usage })}data: [DONE]\n\n`)
}
