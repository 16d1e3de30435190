import { jsonAnswer, streamAnswer } from '../answer.js'
import { firstHalf } from '../chat-completion.js'
import { dataEvent } from '../event-stream.js'
import { textMember, type JsonRecord } from '../json-value.js'
import { promptTokensOf } from '../prompt.js'
import { countWords } from '../reply.js'
import { providerRefusals, type MintokenProvider } from './mintoken-provider.js'

/** Anthropic behind `POST /v1/messages` (Anthropic API reference, "Messages", "Streaming messages" and "Errors"). */
export const MINTOKEN_ANTHROPIC: MintokenProvider = {
  refusals: providerRefusals({
    provider_key_rejected: [401, failure('authentication_error', 'invalid x-api-key')],
    provider_bad_request: [400, failure('invalid_request_error', 'max_tokens: Field required')],
    provider_rate_limited: [429, failure('rate_limit_error', 'This request would exceed your rate limit.')],
    provider_overloaded: [529, failure('overloaded_error', 'Overloaded')],
  }),
  accepts: (body) =>
    typeof body['model'] === 'string' &&
    typeof body['max_tokens'] === 'number' &&
    Array.isArray(body['messages']) &&
    body['messages'].length > 0,
  streams: (body) => body['stream'] === true,
  answer(body, pieces, number, streaming, variant) {
    const inputTokens = promptTokensOf(body)
    const outputTokens = countWords(pieces.join(''))
    const message = {
      id: `msg_${String(number).padStart(24, '0')}`,
      type: 'message',
      role: 'assistant',
      model: textMember(body, 'model') ?? '',
      content: [{ type: 'text', text: pieces.join('') }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: inputTokens, output_tokens: outputTokens },
    }
    if (!streaming) return jsonAnswer(message)
    const records: (JsonRecord & { type: string })[] = [
      {
        type: 'message_start',
        message: { ...message, content: [], stop_reason: null, usage: { input_tokens: inputTokens, output_tokens: 1 } },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'ping' },
      ...pieces.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: outputTokens } },
      { type: 'message_stop' },
    ]
    const sent = variant === 'stream-error' ? [...firstHalf(records), failure('overloaded_error', 'Overloaded')] : records
    return streamAnswer(sent.map((record) => dataEvent(record, record.type)))
  },
}

function failure(type: string, message: string) {
  return { type: 'error', error: { type, message } }
}
