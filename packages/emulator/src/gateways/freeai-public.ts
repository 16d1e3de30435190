import type { Exchange } from '../exchange.js'

export const FREEAI_MODELS = [
  { provider: 'workers_ai', model: '@cf/meta/llama-3.3-70b-instruct', type: 'chat' },
  { provider: 'groq', model: 'llama-3.3-70b-versatile', type: 'chat' },
  { provider: 'gemini', model: 'gemini-2.5-flash', type: 'chat' },
  { provider: 'gemini', model: 'gemini-embedding-001', type: 'embedding' },
  { provider: 'workers_ai', model: '@cf/baai/bge-large-en-v1.5', type: 'embedding' },
] as const

/** Free AI docs, "Authentication": what is open without a key. Both pages come as HTML for a browser (`src/routes/operator-ui.ts`). */
export function answerPublicly(exchange: Exchange): boolean {
  if (exchange.method !== 'GET' || (exchange.path !== '/health' && exchange.path !== '/v1/models')) return false
  const title = exchange.path === '/health' ? 'Health' : 'Models'
  if ((exchange.header('accept') ?? '').includes('text/html')) {
    exchange.sendHtml(`<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`)
  } else if (exchange.path === '/health') {
    const models = FREEAI_MODELS.map(({ provider, model }) => ({ key: `${provider}:${model}`, attempts: 0, success_rate: 1 }))
    exchange.sendJson(200, { ok: true, models })
  } else {
    const data = FREEAI_MODELS.map((entry) => ({ id: `${entry.provider}:${entry.model}`, object: 'model', ...entry, enabled: true }))
    exchange.sendJson(200, { object: 'list', data })
  }
  return true
}
