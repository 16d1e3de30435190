import { secondsNow, usageOf, type Completion } from './chat-completion.js'
import { dataEvent, type StreamEvent } from './event-stream.js'
import type { JsonRecord } from './json-value.js'

/** A `response` object of OpenAI's Responses API. */
export function responseBody(completion: Completion, further: JsonRecord = {}): JsonRecord {
  const text = completion.pieces.join('')
  return {
    ...inProgress(completion),
    status: 'completed',
    output: [messageItem(completion, 'completed', [textPart(text)])],
    output_text: text,
    usage: responseUsage(completion),
    ...further,
  }
}

/** The events of a streamed response, each named like its type. */
export function responseEvents(completion: Completion, further: JsonRecord = {}): StreamEvent[] {
  const text = completion.pieces.join('')
  const place = { item_id: `msg_${completion.id}`, output_index: 0, content_index: 0 }
  const records: (JsonRecord & { type: string })[] = [
    { type: 'response.created', response: inProgress(completion) },
    { type: 'response.in_progress', response: inProgress(completion) },
    { type: 'response.output_item.added', output_index: 0, item: messageItem(completion, 'in_progress', []) },
    { type: 'response.content_part.added', ...place, part: textPart('') },
    ...completion.pieces.map((delta) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...place, text, logprobs: [] },
    { type: 'response.content_part.done', ...place, part: textPart(text) },
    { type: 'response.output_item.done', output_index: 0, item: messageItem(completion, 'completed', [textPart(text)]) },
    { type: 'response.completed', response: responseBody(completion, further) },
  ]
  return records.map((record, index) => dataEvent({ ...record, sequence_number: index }, record.type))
}

function inProgress({ id, model }: Completion): JsonRecord {
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: secondsNow(),
    status: 'in_progress',
    model,
    output: [],
    parallel_tool_calls: true,
    tools: [],
  }
}

function messageItem({ id }: Completion, status: string, content: readonly JsonRecord[]): JsonRecord {
  return { type: 'message', id: `msg_${id}`, status, role: 'assistant', content }
}

function textPart(text: string): JsonRecord {
  return { type: 'output_text', text, annotations: [] }
}

function responseUsage(completion: Completion): JsonRecord {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usageOf(completion)
  return { input_tokens: input, output_tokens: output, total_tokens: total }
}
