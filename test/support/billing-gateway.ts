import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { listenAnywhere } from './house.js'

/** How a call ends; told in `metadata.ending` of the request. */
export type BilledEnding =
  | 'whole'
  /** A stream that breaks off in the middle. */
  | 'cut'
  /** An error object in a stream that has begun, or inside a 200. */
  | 'error inside'
  /** A status before anything ran. */
  | 'refused'
  /** A 500 after the model ran, or `metadata.status`. */
  | 'failed'
  /** A stream that says in each chunk what it used so far, and breaks off. */
  | 'cut while it counts'
  /** Answers, and says nothing of what it used. */
  | 'silent'
  /** Bills more than the request allowed. */
  | 'excess'
  /** Never answers. */
  | 'hangs'

/** What the gateway billed for one call. */
export interface BilledCall {
  readonly body: Readonly<Record<string, unknown>>
  /** Its `X-Request-ID`. */
  readonly requestId: string
  readonly input: number
  readonly output: number
  /** What `excess` added to what was allowed. */
  readonly excess: number
  /** When it was billed, by the clock of this process. */
  readonly atMs: number
}

/** A gateway that follows the OpenAI API and keeps a bill of its own. */
export interface BillingGateway {
  readonly baseURL: string
  readonly bill: BilledCall[]
  /** The tokens that were billed, and the answers that wait. */
  tokens(): number
  /** What was billed, in billionths, at prices in billionths for one token. */
  money(input: number, output: number): number
  /** Lets calls that hang end. */
  letGo(): void
  close(): Promise<void>
}

/** The tokens of an answer without a ceiling. */
const unlimitedTokens = 100_000

/** @param random Between 0 and 1; says how much of its ceiling an answer uses. */
export async function startBillingGateway(random: () => number = () => 1): Promise<BillingGateway> {
  const bill: BilledCall[] = []
  const hanging = new Set<ServerResponse>()
  const server: Server = createServer((request, response) => {
    void readBody(request).then((text) => {
      if (text === undefined) return response.destroy()
      if (text === '') return response.writeHead(200, json).end('{"object":"list","data":[]}')
      const body = JSON.parse(text) as Record<string, unknown>
      return answer(body, response, String(request.headers['x-request-id']))
    })
  })
  const origin = await listenAnywhere(server)

  function answer(body: Record<string, unknown>, response: ServerResponse, requestId: string): void {
    const { ending = 'whole', status = 500 } = (body['metadata'] ?? {}) as { ending?: BilledEnding; status?: number }
    if (ending === 'refused') {
      response.writeHead(400, json).end('{"error":{"message":"no","code":"bad","type":"invalid_request_error"}}')
      return
    }
    const ceiling = (body['max_completion_tokens'] ?? body['max_tokens'] ?? unlimitedTokens) as number
    const answers = (body['n'] as number | undefined) ?? 1
    const allowed = Math.max(1, Math.floor(ceiling * random()))
    const excess = ending === 'excess' ? 50 : 0
    // A tokenizer makes fewer tokens than there are bytes, and adds a few for each message.
    const messages = (body['messages'] ?? []) as readonly { readonly content: unknown }[]
    const input = messages.reduce((sum, { content }) => sum + 4 + Math.ceil(JSON.stringify(content).length * random()), 3)
    const output = (allowed + excess) * answers
    bill.push({ body, requestId, input, output, excess: excess * answers, atMs: Date.now() })
    const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
    if (ending === 'failed') response.writeHead(status, json).end('{"error":{"message":"broken"}}')
    else if (ending === 'hangs') hanging.add(response)
    else if (body['stream'] === true) stream(body, response, ending, usage)
    else if (ending === 'cut') response.writeHead(200, { ...json, 'content-length': '1000' }).write('{"id":"c",', () => response.destroy())
    else if (ending === 'error inside') response.writeHead(200, json).end('{"error":{"message":"broken","code":"server_error"}}')
    else response.writeHead(200, json).end(JSON.stringify({ ...completion, ...(ending === 'silent' ? {} : { usage }) }))
  }

  return {
    baseURL: `${origin}/v1`,
    bill,
    tokens: () => bill.reduce((sum, { input, output }) => sum + input + output, 0),
    money: (inputPrice, outputPrice) => bill.reduce((sum, { input, output }) => sum + input * inputPrice + output * outputPrice, 0),
    letGo() {
      for (const response of hanging) response.destroy()
      hanging.clear()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

const json = { 'content-type': 'application/json' }
const completion = {
  id: 'c',
  object: 'chat.completion',
  model: 'm-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
}

function stream(body: Readonly<Record<string, unknown>>, response: ServerResponse, ending: BilledEnding, usage: object): void {
  const isAsked = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true && ending !== 'silent'
  const event = (members: object): string =>
    `data: ${JSON.stringify({ id: 'c', model: 'm-1', ...members, ...(isAsked && !('usage' in members) ? { usage: null } : {}) })}\n\n`
  const said = (content: string, reason: string | null = null): string =>
    event({ choices: [{ index: 0, delta: { content }, finish_reason: reason }] })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  if (ending === 'cut') {
    response.write(said('Hel'), () => setTimeout(() => response.destroy(), 2))
    return
  }
  if (ending === 'cut while it counts') {
    const soFar = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 }
    const counted = event({ choices: [{ index: 0, delta: { content: 'Hel' }, finish_reason: null }], usage: soFar })
    response.write(counted, () => setTimeout(() => response.destroy(), 2))
    return
  }
  if (ending === 'error inside') {
    response.end(said('Hel') + event({ error: { message: 'broken', code: 'server_error' } }))
    return
  }
  response.end(said('Hel') + said('lo', 'stop') + (isAsked ? event({ choices: [], usage }) : '') + 'data: [DONE]\n\n')
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of request) pieces.push(piece as Buffer)
  } catch {
    return undefined
  }
  return Buffer.concat(pieces).toString()
}
