import { createServer, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { listenAnywhere } from '../support/house.js'

/**
 * A gateway for what the emulated ones do not do: its model asks for the weather of Bern once and then says what
 * it was told, and its streamed responses fail where they are asked "fail", and just stop where asked "stop".
 */
export interface ScriptedGateway {
  readonly origin: string
  /** The `X-Request-ID` of each request, in order. */
  readonly ids: readonly string[]
  close(): Promise<void>
}

interface Asked {
  readonly stream?: boolean
  readonly messages?: readonly { readonly role: string; readonly content: unknown }[]
  readonly input?: readonly { readonly type?: string; readonly output?: unknown }[] | string
}

const argumentsText = '{"city":"Bern"}'

export async function startScriptedGateway(): Promise<ScriptedGateway> {
  const ids: string[] = []
  const server = createServer(async (request, response) => {
    ids.push(String(request.headers['x-request-id']))
    const asked = JSON.parse(await text(request)) as Asked
    const path = request.url ?? ''
    if (path.endsWith('/chat/completions')) answerChat(asked, response)
    else if (path.endsWith('/responses')) answerResponses(asked, response)
    else answerMessages(asked, response)
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    ids,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function answerChat({ messages = [], stream }: Asked, response: ServerResponse): void {
  const told = messages.find(({ role }) => role === 'tool')?.content
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: argumentsText } }
  const said = told === undefined ? { content: null, tool_calls: [call] } : { content: `It is ${asText(told)}.` }
  const reason = told === undefined ? 'tool_calls' : 'stop'
  const head = { id: 'chatcmpl-1', created: 1, model: 'auto' }
  if (stream !== true) {
    const choice = { index: 0, message: { role: 'assistant', ...said }, finish_reason: reason }
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    sendJson(response, { ...head, object: 'chat.completion', choices: [choice], usage })
    return
  }
  const delta = told === undefined ? { tool_calls: [{ index: 0, ...call }] } : said
  const chunk = (delta: object, finish: string | null) => ({
    data: { ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] },
  })
  sendEvents(response, [chunk({ role: 'assistant', ...delta }, null), chunk({}, reason)], true)
}

function answerResponses({ input, stream }: Asked, response: ServerResponse): void {
  const told = typeof input === 'string' ? undefined : input?.find(({ type }) => type === 'function_call_output')?.output
  const item =
    told === undefined
      ? { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: argumentsText, status: 'completed' }
      : {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: `It is ${asText(told)}.`, annotations: [] }],
        }
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
  const begun = { id: 'resp_1', object: 'response', created_at: 1, status: 'in_progress', model: 'auto', output: [], tools: [] }
  const whole = { ...begun, status: 'completed', output: [item], usage }
  if (stream !== true) {
    sendJson(response, whole)
    return
  }
  const place = { item_id: item.id, output_index: 0 }
  const parts =
    told === undefined
      ? [{ type: 'response.function_call_arguments.delta', ...place, delta: argumentsText }]
      : [{ type: 'response.output_text.delta', ...place, content_index: 0, delta: `It is ${asText(told)}.`, logprobs: [] }]
  const records = [
    { type: 'response.created', response: begun },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '', content: [], status: 'in_progress' } },
    ...parts,
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: whole },
  ]
  const asked = lastTextOf(input)
  if (asked === 'fail' || asked === 'stop') {
    const at = { item_id: 'msg_1', output_index: 0, content_index: 0 }
    const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'in_progress', content: [] }
    const half = [
      { type: 'response.output_item.added', output_index: 0, item: message },
      { type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '', annotations: [] } },
      { type: 'response.output_text.delta', ...at, delta: 'Half of', logprobs: [] },
    ]
    const fault = { type: 'error', code: 'server_error', message: 'the model failed', param: null }
    records.splice(1, Infinity, ...([...half, ...(asked === 'fail' ? [fault] : [])] as unknown as typeof records))
  }
  sendEvents(
    response,
    records.map((record, index) => ({ name: record.type, data: { ...record, sequence_number: index } })),
    false,
  )
}

function lastTextOf(input: Asked['input']): string {
  if (typeof input === 'string' || input === undefined) return input ?? ''
  const { content } = input.at(-1) as { readonly content?: unknown }
  return typeof content === 'string' ? content : String((content as { readonly text?: string }[] | undefined)?.[0]?.text)
}

function answerMessages({ messages = [] }: Asked, response: ServerResponse): void {
  const results = messages.flatMap(({ content }) => (Array.isArray(content) ? (content as { type: string; content?: unknown }[]) : []))
  const told = results.find(({ type }) => type === 'tool_result')?.content
  sendJson(response, {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content:
      told === undefined
        ? [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: JSON.parse(argumentsText) }]
        : [{ type: 'text', text: `It is ${asText(told)}.` }],
    stop_reason: told === undefined ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  })
}

/** What a tool gave, in whichever form a client sends it. */
function asText(told: unknown): string {
  const part = (Array.isArray(told) ? told[0] : told) as { readonly text?: string } | string
  return typeof part === 'string' ? part.replaceAll('"', '') : (part.text ?? '')
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function sendEvents(response: ServerResponse, events: readonly { readonly name?: string; readonly data: object }[], done: boolean): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const { name, data } of events) response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`)
  response.end(done ? 'data: [DONE]\n\n' : '')
}
