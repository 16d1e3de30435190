/** OpenToken docs, "Models": an id is `{provider}/{model}`, and one that is not registered never reaches a provider. */
export const OPENTOKEN_CHAT_MODELS = [
  'google/gemini-2.5-pro',
  'google/gemini-3-flash',
  'google/gemini-3.1-pro',
  'google/gemini-3.1-flash-lite',
  'anthropic/claude-opus-4-7',
  'anthropic/claude-opus-4-6',
  'anthropic/claude-sonnet-4-6',
  'anthropic/claude-sonnet-4-5',
  'anthropic/claude-haiku-4-5',
]

export const OPENTOKEN_EMBEDDING_MODEL = 'google/text-embedding-004'

/** OpenToken docs, "Overview": `GET /v1/models` is a list as OpenAI has it, with the prices in force. */
export function openTokenModelList(): unknown {
  const data = [...OPENTOKEN_CHAT_MODELS, OPENTOKEN_EMBEDDING_MODEL].map((id) => ({
    id,
    object: 'model',
    created: 1_767_225_600,
    owned_by: id.slice(0, id.indexOf('/')),
    pricing: { prompt: '0.00000125', completion: '0.00001' },
  }))
  return { object: 'list', data }
}

/** OpenToken docs, "Parameters": OpenAI's chat body and OpenRouter's sampling extras. The error table calls any other field a 400. */
export const OPENTOKEN_CHAT_FIELDS = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'top_k',
  'top_a',
  'min_p',
  'repetition_penalty',
  'frequency_penalty',
  'presence_penalty',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'n',
  'seed',
  'user',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'response_format',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'reasoning_effort',
  'service_tier',
  'verbosity',
  'modalities',
  'audio',
  'prediction',
  'store',
  'metadata',
  'prompt_cache_key',
  'safety_identifier',
  'functions',
  'function_call',
  'web_search_options',
  'cache_control',
])

export const OPENTOKEN_EMBEDDING_FIELDS = new Set(['model', 'input', 'encoding_format', 'dimensions', 'task_type', 'user'])
