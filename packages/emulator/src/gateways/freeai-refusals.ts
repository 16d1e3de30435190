import type { Refusal } from '../refusal.js'

const OPENAI_LIKE = {
  invalid_project_id: row(
    400,
    'invalid_request_error',
    'invalid_project_id',
    'Missing or invalid project_id. Use 1-64 chars [a-zA-Z0-9._:-]',
    'no usable project id',
  ),
  missing_input: row(400, 'invalid_request_error', 'missing_input', 'Either `messages` or `prompt` is required', 'nothing to answer'),
  stream_not_supported: row(
    400,
    'invalid_request_error',
    'stream_not_supported',
    'Streaming for /v1/responses is not implemented yet. Use /v1/chat/completions for streaming.',
    'a stream from /v1/responses',
  ),
  invalid_embedding_model: row(
    400,
    'invalid_request_error',
    'invalid_embedding_model',
    '`model` is required for embeddings and cannot be "auto"',
    'embeddings without a model',
  ),
  missing_file: row(
    400,
    'invalid_request_error',
    'missing_file',
    '`file` is required (audio file: mp3, mp4, wav, webm, m4a)',
    'a transcription without a file',
  ),
  file_too_large: row(400, 'invalid_request_error', 'file_too_large', 'Audio file too large (max 25 MB)', 'an audio file over 25 MiB'),
  no_speech: row(400, 'invalid_request_error', 'no_speech', 'No speech detected in audio', 'an audio file nobody speaks in'),
  input_nonretriable: row(
    400,
    'input_nonretriable',
    undefined,
    'All providers failed: 400 Bad Request',
    'the provider refused the request; also malformed JSON',
  ),
  invalid_api_key: row(401, 'authentication_error', 'invalid_api_key', 'Unauthorized', 'the key is missing or wrong'),
  not_found: row(404, 'not_found', undefined, 'Not found', 'unknown route'),
  usage_retriable: row(429, 'usage_retriable', undefined, 'All providers failed: 429 Too Many Requests', 'all providers throttle'),
  // `src/router/classify-error.ts`: timeouts and every 5xx of a provider get the same class.
  usage_retriable_timeout: row(
    429,
    'usage_retriable',
    undefined,
    'All providers failed: Request timed out.',
    'a provider timed out, and may have run',
  ),
  usage_retriable_5xx: row(
    429,
    'usage_retriable',
    undefined,
    'All providers failed: 502 Bad Gateway',
    'a provider failed with a 5xx, and may have run',
  ),
  video_poll_pending_upstream: row(
    501,
    'not_implemented',
    'video_poll_pending_upstream',
    'Video poll not yet supported by Together upstream (undocumented GET endpoint). Submit works; retrieval pending. Underlying error: 404',
    'asking after a video',
  ),
  provider_fatal: row(502, 'provider_fatal', undefined, 'All providers failed: connection reset', 'a provider failed; also of a video'),
  safety_refusal: row(502, 'safety_refusal', undefined, 'All providers failed: content_filter', 'a provider refused for safety'),
  provider_error: row(502, 'provider_error', undefined, 'All TTS providers failed: connection reset', 'an audio provider failed'),
  stt_failed: row(502, 'provider_error', 'stt_failed', 'Speech recognition failed', 'speech to speech: the listening step failed'),
  llm_failed: row(502, 'provider_error', 'llm_failed', 'The model failed', 'speech to speech: the model failed'),
  tts_failed: row(502, 'provider_error', 'tts_failed', 'Speech synthesis failed', 'speech to speech: the speaking step failed'),
  empty_llm_response: row(502, 'provider_error', 'empty_llm_response', 'The model returned nothing', 'speech to speech: no text came'),
  auth_not_configured: row(
    503,
    'configuration_error',
    'auth_not_configured',
    'Gateway API key is not configured',
    'the server itself has no key; also what an emulator without keys answers',
  ),
  configuration_error: row(503, 'configuration_error', undefined, 'No provider credentials or models configured', 'no model configured'),
  no_embedding_provider: row(503, 'configuration_error', 'no_embedding_provider', 'No embedding provider is configured', 'no embeddings'),
  no_image_provider: row(
    503,
    'configuration_error',
    'no_image_provider',
    'Image generation unavailable: no Together/Gemini/NVIDIA key and Workers AI binding missing',
    'no images',
  ),
  no_video_provider: row(
    503,
    'configuration_error',
    'no_video_provider',
    'Video generation unavailable: TOGETHER_API_KEY not configured or model not found',
    'no videos, as on a server that was set up without a key for them',
  ),
  no_tts_provider: row(
    503,
    'configuration_error',
    'no_tts_provider',
    'TTS unavailable: no GROQ_API_KEY and Workers AI binding missing',
    'no speech, or none of the model or provider that is asked for',
  ),
  no_stt_provider: row(
    503,
    'configuration_error',
    'no_stt_provider',
    'Speech-to-text unavailable: no configured STT provider (need GROQ_API_KEY, GEMINI_API_KEY, or Workers AI binding)',
    'no transcription',
  ),
  no_candidate: row(503, 'service_unavailable', 'no_candidate', 'No healthy free-tier model available', 'no healthy model'),
  provider_quota_exhausted: row(
    503,
    'service_unavailable',
    'provider_quota_exhausted',
    'No provider credentials or quota available',
    'the quota of every provider is used up',
  ),
  uncaught: row(500, 'provider_fatal', undefined, 'Internal error', 'an exception nobody caught'),
}

/** Free AI: `site/src/content/docs/error-handling.mdx`, and where it is silent the routes in `src/` of the repository. */
export const FREEAI_REFUSALS = {
  ...OPENAI_LIKE,
  schema_validation: {
    status: 400,
    body: schemaFailure([{ expected: 'array', code: 'invalid_type', path: ['messages'], message: 'Invalid input: expected array' }]),
    summary: 'the body does not fit the schema: another envelope than all other errors',
  },
  rate_limit_error: {
    ...row(429, 'rate_limit_error', undefined, 'Rate limit exceeded', 'the bucket of this client address is empty'),
    headers: { 'Retry-After': '3' },
  },
} as const satisfies Record<string, Refusal>

export type FreeAiRefusal = keyof typeof FREEAI_REFUSALS

/** What the schema layer of the server (Zod) answers: a success flag, and the issues as JSON inside a string. */
export function schemaFailure(issues: readonly unknown[]): unknown {
  return { success: false, error: { name: 'ZodError', message: JSON.stringify(issues, null, 2) } }
}

function row(status: number, type: string, code: string | undefined, message: string, summary: string): Refusal {
  return { status, body: { error: { message, type, ...(code === undefined ? {} : { code }) } }, summary }
}
