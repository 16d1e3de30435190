import type { EmulatedCall } from '../emulated-call.js'
import type { JsonRecord } from '../json-value.js'

export const FREEAI_MODELS = [
  { provider: 'workers_ai', model: '@cf/meta/llama-3.3-70b-instruct', type: 'chat' },
  { provider: 'groq', model: 'llama-3.3-70b-versatile', type: 'chat' },
  { provider: 'gemini', model: 'gemini-2.5-flash', type: 'chat' },
  { provider: 'gemini', model: 'gemini-embedding-001', type: 'embedding' },
  { provider: 'workers_ai', model: '@cf/baai/bge-large-en-v1.5', type: 'embedding' },
] as const

/**
 * Free AI docs, "Authentication": paths that need no key, for GET only; HEAD needs one
 * (`src/middleware/gateway-auth.ts`). A browser gets both as HTML (`src/routes/operator-ui.ts`). Returns whether it
 * has answered.
 */
export function answerPublicly(exchange: EmulatedCall): boolean {
  if (exchange.method !== 'GET' || (exchange.path !== '/health' && exchange.path !== '/v1/models')) return false
  const title = exchange.path === '/health' ? 'Health' : 'Models'
  if (wantsPage(exchange)) {
    exchange.sendHtml(`<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`)
  } else if (exchange.path === '/health') exchange.sendJson(200, { ok: true, models: FREEAI_MODELS.map(healthOf) })
  else answerModels(exchange)
  return true
}

/** `src/index.ts`, `buildModelListResponse`. Unlike OpenAI's list, neither the list nor its entries have `object`. */
export function answerModels(exchange: EmulatedCall): void {
  exchange.sendJson(200, { data: FREEAI_MODELS.map((entry) => (entry.type === 'chat' ? chatModel(entry) : embeddingModel(entry))) })
}

function wantsPage(exchange: EmulatedCall): boolean {
  const destination = exchange.header('sec-fetch-dest')
  return (exchange.header('accept') ?? '').toLowerCase().includes('text/html') && (destination === undefined || destination === 'document')
}

type Listed = (typeof FREEAI_MODELS)[number]

function chatModel({ provider, model, type }: Listed): JsonRecord {
  return {
    id: `${provider}:${model}`,
    type,
    provider,
    model,
    reasoning: 'medium',
    native_reasoning: false,
    tool_calling: true,
    json_mode: true,
    vision: false,
    context_window: 131_072,
    max_output_tokens: 8192,
    supports_streaming: true,
    cooldown_until: 0,
    success_rate: 0.5,
    headroom: 1,
    evaluation_weight: 1,
    evaluation_sample_count: 0,
    evaluated_at: null,
    enabled: true,
    automatic_routing: true,
  }
}

/** Its id is the name of the model, without the provider. */
function embeddingModel(entry: Listed): JsonRecord {
  return {
    ...chatModel(entry),
    id: entry.model,
    reasoning: 'none',
    tool_calling: false,
    json_mode: false,
    context_window: 0,
    max_output_tokens: 0,
    supports_streaming: false,
    success_rate: 1,
    dimensions: 1024,
    supports_dimensions: false,
    aliases: [],
    priority: 0.9,
  }
}

function healthOf({ provider, model }: Listed): JsonRecord {
  const latency = { avg_latency_ms: 1500, p90_latency_ms: 1500, p99_latency_ms: 1500 }
  return {
    key: `${provider}:${model}`,
    attempts: 0,
    success_rate: 0.5,
    ...latency,
    cooldown_until: 0,
    headroom: 1,
    daily_used: 0,
    daily_limit: 200,
  }
}
