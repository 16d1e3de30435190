import { jsonAnswer, streamAnswer } from '../answer.js'
import { completionBody, completionChunks, emptyChunk, firstHalf, usageOf, type Completion } from '../chat-completion.js'
import { DONE, dataEvent } from '../event-stream.js'
import { member, textMember } from '../json-value.js'
import { promptTokensOf } from '../prompt.js'
import { providerRefusals, type MintokenProvider } from './mintoken-provider.js'

/** OpenAI behind `POST /v1/chat/completions` (OpenAI API reference, "Create chat completion" and "Error codes"). */
export const MINTOKEN_OPENAI: MintokenProvider = {
  refusals: providerRefusals({
    provider_key_rejected: [401, failure('Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key')],
    provider_bad_request: [400, failure("Missing required parameter: 'messages'.", 'invalid_request_error', 'missing_required_parameter')],
    provider_rate_limited: [429, failure('Rate limit reached for requests.', 'requests', 'rate_limit_exceeded')],
    provider_overloaded: [503, failure('The engine is currently overloaded, please try again later.', 'server_error', null)],
  }),
  accepts: (body) => typeof body['model'] === 'string' && Array.isArray(body['messages']) && body['messages'].length > 0,
  streams: (body) => body['stream'] === true,
  answer(body, pieces, number, streaming, variant) {
    const id = `chatcmpl-${String(number).padStart(12, '0')}`
    const completion: Completion = { id, model: textMember(body, 'model') ?? '', pieces, promptTokens: promptTokensOf(body) }
    if (!streaming) return jsonAnswer(completionBody(completion))
    const chunks = completionChunks(completion)
    if (variant === 'stream-error') {
      const error = failure('The server had an error while processing your request.', 'server_error', null)
      return streamAnswer([...firstHalf(chunks), error].map((chunk) => dataEvent(chunk)))
    }
    // With `include_usage`, every chunk has `usage: null`; a last one without choices has the counts.
    const usageWanted = member(body['stream_options'], 'include_usage') === true
    const all = usageWanted
      ? [...chunks.map((chunk) => ({ ...chunk, usage: null })), { ...emptyChunk(completion), usage: usageOf(completion) }]
      : chunks
    return streamAnswer([...all.map((chunk) => dataEvent(chunk)), DONE])
  },
}

function failure(message: string, type: string, code: string | null) {
  return { error: { message, type, param: null, code } }
}
