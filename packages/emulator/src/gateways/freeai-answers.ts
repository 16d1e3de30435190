import { createHash } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { jsonAnswer, streamAnswer, type Answer } from '../answer.js'
import { completionBody, completionChunks, firstHalf, secondsNow, type Completion } from '../chat-completion.js'
import { embed, textsToEmbed } from '../embedding.js'
import { DONE, dataEvent } from '../event-stream.js'
import { textMember, type JsonRecord } from '../json-value.js'
import { picturesOf } from '../picture.js'
import { promptTokensOf } from '../prompt.js'
import { countWords } from '../reply.js'
import { responseBody } from '../responses-form.js'

/** The facts of a call that passed every check, as all kinds of answers need them. */
export interface FreeAiCall {
  body: JsonRecord
  requestId: string
  projectId: string
  model: string
  provider: string
  degraded: boolean
}

const SPEECH_TYPES: Record<string, string> = { mp3: 'audio/mpeg', wav: 'audio/wav', opus: 'audio/opus', flac: 'audio/flac' }
const SPEECH_BYTES = 65_536

/** The gateway's facts about a call, in the body of every answer that is not a stream. */
function gatewayMeta(call: FreeAiCall): JsonRecord {
  return {
    provider: call.provider,
    model: call.model,
    attempts: call.degraded ? 2 : 1,
    reasoning_effort: textMember(call.body, 'reasoning_effort') ?? 'auto',
    request_id: call.requestId,
    project_id: call.projectId,
  }
}

/** A stream carries these facts in headers, and has no event for them. */
export function freeAiChat(call: FreeAiCall, pieces: readonly string[], variant?: string): Answer {
  const completion = completionOf(call, pieces)
  if (call.body['stream'] !== true) {
    return jsonAnswer({ ...completionBody(completion), degraded: call.degraded, x_gateway: gatewayMeta(call) })
  }
  const chunks = completionChunks(completion).map((chunk) => dataEvent(chunk))
  const failure = dataEvent({ error: { message: 'Stream error', type: 'stream_error' } })
  return streamAnswer(variant === 'stream-error' ? [...firstHalf(chunks), failure, DONE] : [...chunks, DONE], {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-gateway-provider': call.provider,
    'x-gateway-model': call.model,
    'x-gateway-attempts': call.degraded ? '2' : '1',
    'x-gateway-request-id': call.requestId,
    ...degradedField(call),
  })
}

/**
 * `/v1/responses` asks the chat route and puts its answer into a form like that of the Responses API
 * (`chatCompletionToResponsesObject`): without `tools`, `parallel_tool_calls` and the like.
 */
export function freeAiResponses(call: FreeAiCall, pieces: readonly string[]): Answer {
  const { id, object, created_at, status, model, output, output_text, usage } = responseBody({
    ...completionOf(call, pieces),
    id: call.requestId,
  })
  return jsonAnswer({ id, object, created_at, status, model, output, output_text, usage, x_gateway: gatewayMeta(call) })
}

export function freeAiEmbeddings(call: FreeAiCall): Answer {
  const texts = textsToEmbed(call.body['input'])
  const dimensions = typeof call.body['dimensions'] === 'number' ? call.body['dimensions'] : 1024
  const tokens = texts.reduce((sum, text) => sum + countWords(text), 0)
  return jsonAnswer({
    object: 'list',
    data: texts.map((text, index) => ({ object: 'embedding', index, embedding: embed(text, dimensions) })),
    model: call.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    x_gateway: gatewayMeta(call),
  })
}

export function freeAiImage(call: FreeAiCall, pieces: readonly string[]): Answer {
  const data = picturesOf(pieces.join(''))
  return jsonAnswer({ created: secondsNow(), data, degraded: call.degraded, x_gateway: gatewayMeta(call) }, degradedField(call))
}

/** A video that has begun (`src/routes/video-generation.ts`). A request for its status gets 501, as from the gateway. */
export function freeAiVideo(call: FreeAiCall): Answer {
  const id = `vid_${call.requestId}`
  return jsonAnswer(
    { id, status: 'processing', poll_url: `/v1/videos/generations/${id}`, x_gateway: { ...gatewayMeta(call), provider: 'together' } },
    {},
    202,
  )
}

export function freeAiTranscription(call: FreeAiCall, file: Buffer): Answer {
  const text = `You sent ${file.length} bytes of audio.`
  return jsonAnswer({ text, bytes: file.length, degraded: call.degraded, x_gateway: gatewayMeta(call) }, degradedField(call))
}

/**
 * The body is sound. Headers hold what was heard and what was answered, but no facts of the gateway (`src/index.ts`).
 */
export function freeAiSpeechToSpeech(file: Buffer): Answer {
  const said = encodeURIComponent(`You sent ${file.length} bytes of speech.`)
  const headers = { 'content-type': 'audio/mpeg', 'x-transcribed-text': said, 'x-llm-response': said.slice(0, 1500) }
  return { form: 'body', headers, bytes: soundOf(file.toString('latin1')) }
}

/** Bytes that depend only on the input, so that a test can tell whether each one arrived. */
export function freeAiSpeech(call: FreeAiCall): Answer {
  const headers = {
    'content-type': SPEECH_TYPES[textMember(call.body, 'response_format') ?? 'mp3'] ?? 'audio/mpeg',
    'x-gateway-provider': call.provider,
    'x-gateway-model': call.model,
    'x-gateway-project-id': call.projectId,
    ...degradedField(call),
  }
  return { form: 'body', headers, bytes: soundOf(textMember(call.body, 'input') ?? '') }
}

function soundOf(seed: string): Buffer {
  return Buffer.alloc(SPEECH_BYTES, createHash('sha512').update(seed).digest())
}

function completionOf(call: FreeAiCall, pieces: readonly string[]): Completion {
  return { id: `chatcmpl-${call.requestId}`, model: call.model, pieces, promptTokens: promptTokensOf(call.body) }
}

function degradedField(call: FreeAiCall): OutgoingHttpHeaders {
  return call.degraded ? { 'x-degraded-mode': 'true' } : {}
}
