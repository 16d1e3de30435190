import { createServer, type ServerResponse } from 'node:http'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { listenAnywhere } from './house.js'

/** A gateway that begins each answer in the way that the model is called, and does not end it by itself. */
export interface HoldingGateway {
  readonly baseURL: string
  /** The models of the calls that have arrived, in order. */
  readonly seen: readonly string[]
  /** The models of the calls that were left before the answer had ended, in order. */
  readonly left: readonly string[]
  /** Ends every answer that it holds, as a gateway ends a stream. */
  finish(): void
  close(): Promise<void>
}

/** The first part of the answer of each model. */
const beginnings: Readonly<Record<string, readonly [type: string, part: string]>> = {
  stream: ['text/event-stream', 'data: {"id":"x","choices":[{"index":0,"delta":{"content":"begun"}}]}\n\n'],
  responses: ['text/event-stream', 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"begun"}\n\n'],
  messages: [
    'text/event-stream',
    'event: message_start\ndata: {"type":"message_start","message":{"id":"x","type":"message","role":"assistant","content":[],"model":"m","usage":{}}}\n\n',
  ],
  halfEvent: ['text/event-stream', 'data: {"id":"x","choices":[{"index":0,"delta":{"content":"begun"}}]}\n\ndata: {"id":"x","cho'],
  flood: ['text/event-stream', ''],
  gzip: ['text/event-stream', ''],
  deflate: ['text/event-stream', ''],
  br: ['text/event-stream', ''],
  noEvent: ['text/event-stream', ''],
  json: ['application/json', '{"id":'],
  sound: ['audio/mpeg', 'some sound'],
}

const ending = 'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** How the answer of each of these models is packed: a small body with a large content. */
const packings: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  gzip: (content) => gzipSync(content, { level: 1 }),
  deflate: (content) => deflateSync(content, { level: 1 }),
  br: (content) => brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
}

const manyEvents = Buffer.from(`data: {"id":"x","choices":[{"index":0,"delta":{"content":"${'x'.repeat(3000)}"}}]}\n\n`.repeat(10_000))

/** Writes events for as long as anybody reads. */
function flood(response: ServerResponse): void {
  const event = `data: {"id":"x","choices":[{"index":0,"delta":{"content":"${'x'.repeat(10_000)}"}}]}\n\n`
  while (!response.destroyed && response.write(event));
  if (!response.destroyed) response.once('drain', () => flood(response))
}

export async function startHoldingGateway(): Promise<HoldingGateway> {
  const seen: string[] = []
  const left: string[] = []
  const held = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    // A gateway that is silent is asked with HEAD whether it is there.
    if (request.method === 'HEAD') return void response.writeHead(204).end()
    let body = ''
    const model = (): string => /"model":"(\w+)"/.exec(body)?.[1] ?? 'upload'
    response.on('close', () => {
      held.delete(response)
      if (!response.writableFinished) left.push(model())
    })
    request.on('error', () => {})
    request.on('data', (piece: Buffer) => {
      if (body === '' && !request.headers['content-type']?.startsWith('application/json')) seen.push('upload')
      body += piece.toString()
    })
    request.on('end', () => {
      if (model() !== 'upload') seen.push(model())
      held.add(response)
      const [type, part] = beginnings[model()] ?? []
      if (type === undefined) return
      const pack = packings[model()]
      response.writeHead(200, { 'content-type': type, ...(pack === undefined ? {} : { 'content-encoding': model() }) }).flushHeaders()
      if (pack !== undefined) response.write(pack(manyEvents))
      if (part !== undefined && part !== '') response.write(part)
      if (model() === 'flood') flood(response)
    })
  })
  const origin = await listenAnywhere(server)
  return {
    baseURL: `${origin}/v1`,
    seen,
    left,
    finish() {
      for (const response of held) response.end(ending)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
