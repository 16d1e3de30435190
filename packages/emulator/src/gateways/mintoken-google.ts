import { jsonAnswer, streamAnswer } from '../answer.js'
import { firstHalf } from '../chat-completion.js'
import { dataEvent } from '../event-stream.js'
import { textMember } from '../json-value.js'
import { promptTokensOf } from '../prompt.js'
import { countWords } from '../reply.js'
import { providerRefusals, type MintokenProvider } from './mintoken-provider.js'

/** Google behind `POST /v1/generateContent` (Gemini API reference, "Generating content"); the model is in the body, not in the path. */
export const MINTOKEN_GOOGLE: MintokenProvider = {
  refusals: providerRefusals({
    provider_key_rejected: [401, failure(401, 'API key not valid. Please pass a valid API key.', 'UNAUTHENTICATED')],
    provider_bad_request: [400, failure(400, '* GenerateContentRequest.contents: contents is not specified', 'INVALID_ARGUMENT')],
    provider_rate_limited: [429, failure(429, 'Resource has been exhausted (e.g. check quota).', 'RESOURCE_EXHAUSTED')],
    provider_overloaded: [503, failure(503, 'The model is overloaded. Please try again later.', 'UNAVAILABLE')],
  }),
  accepts: (body) => typeof body['model'] === 'string' && Array.isArray(body['contents']) && body['contents'].length > 0,
  streams: (body, query) => body['stream'] === true || query.get('alt') === 'sse',
  answer(body, pieces, _number, streaming, variant) {
    const promptTokenCount = promptTokensOf(body)
    const candidatesTokenCount = countWords(pieces.join(''))
    const usageMetadata = { promptTokenCount, candidatesTokenCount, totalTokenCount: promptTokenCount + candidatesTokenCount }
    const modelVersion = textMember(body, 'model') ?? ''
    const said = (text: string, finish?: object) => ({
      candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...finish }],
      usageMetadata,
      modelVersion,
    })
    const finish = { finishReason: 'STOP' }
    if (!streaming) return jsonAnswer(said(pieces.join(''), finish))
    // Google's stream ends with the chunk that has a `finishReason`; no closing event follows.
    const chunks = pieces.map((text, index) => said(text, index === pieces.length - 1 ? finish : undefined))
    const lost = failure(503, 'The service is currently unavailable.', 'UNAVAILABLE')
    const sent = variant === 'stream-error' ? [...firstHalf(chunks), lost] : chunks
    return streamAnswer(sent.map((chunk) => dataEvent(chunk)))
  },
}

function failure(code: number, message: string, status: string) {
  return { error: { code, message, status } }
}
