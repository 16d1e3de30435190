/** A gateway whose models each misbehave in their own way, and a backend with one page. A process of its own. */

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const usage = { prompt_tokens: 24, completion_tokens: 12, total_tokens: 36 }
const answer = JSON.stringify({
  id: 'chatcmpl-soak',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'soak',
  choices: [{ index: 0, message: { role: 'assistant', content: 'The door is open.' }, finish_reason: 'stop' }],
  usage,
})

function eventOf(finish: 'stop' | null): string {
  const choices = [{ index: 0, delta: { content: 'open ' }, finish_reason: finish }]
  return `data: ${JSON.stringify({ id: 'chatcmpl-soak', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'soak', choices })}\n\n`
}

/** What a client is told: far less than the gateway keeps a connection, so that none ends just as a request is sent on it. */
const kept = { connection: 'keep-alive', 'keep-alive': 'timeout=20' }

function sendJson(res: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  res
    .writeHead(status, { ...kept, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)), ...headers })
    .end(text)
}

function fail(res: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  sendJson(res, status, JSON.stringify({ error: { message: 'soak', type: 'soak_error', code: 'soak' } }), headers)
}

/** Sends so many events; then ends as streams end or, if `isCut`, with the connection alone. */
function stream(res: ServerResponse, events: number, everyMs: number, isCut = false): void {
  res.writeHead(200, { ...kept, 'content-type': 'text/event-stream' })
  let sent = 0
  const next = (): void => {
    sent += 1
    if (sent <= events) {
      res.write(eventOf(sent === events && !isCut ? 'stop' : null))
      return
    }
    clearInterval(timer)
    if (isCut) res.destroy()
    else res.end(`data: ${JSON.stringify({ id: 'chatcmpl-soak', choices: [], usage })}\n\ndata: [DONE]\n\n`)
  }
  const timer = setInterval(next, everyMs)
  res.on('close', () => clearInterval(timer))
  next()
}

/** By model. */
const behaviours: Readonly<Record<string, (res: ServerResponse) => void>> = {
  json: (res) => sendJson(res, 200, answer),
  stream: (res) => stream(res, 20, 25),
  drip: (res) => stream(res, 10, 1000),
  cut: (res) => stream(res, 4, 25, true),
  slow: (res) => {
    const timer = setTimeout(() => sendJson(res, 200, answer), 2000)
    res.on('close', () => clearTimeout(timer))
  },
  fault: (res) => fail(res, 500),
  busy: (res) => fail(res, 429, { 'retry-after': '1' }),
  garbage: (res) => sendJson(res, 200, '{"choices": ['),
  reset: (res) => res.destroy(),
  hang: () => undefined,
}

const server = createServer((req, res) => {
  const pieces: Buffer[] = []
  req.on('data', (piece: Buffer) => pieces.push(piece))
  req.on('end', () => {
    if (req.method === 'GET' && req.url === '/page') res.writeHead(200, { ...kept, 'content-type': 'text/html' }).end('<p>A page.</p>')
    else if (req.method === 'GET') sendJson(res, 200, '{"object":"list","data":[{"id":"soak-json","object":"model"}]}')
    else {
      const model = /"model"\s*:\s*"soak-(\w+)"/.exec(Buffer.concat(pieces).toString())?.[1] ?? ''
      const behave = behaviours[model]
      if (behave === undefined) fail(res, 404)
      else behave(res)
    }
  })
  req.on('error', () => undefined)
})

server.keepAliveTimeout = 600_000

process.stdin.on('end', () => process.exit())
process.stdin.resume()
server.listen(0, '127.0.0.1', 2048, () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`)
})
