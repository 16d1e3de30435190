import type { Refusal } from '../refusal.js'

/** Onysoft docs, "Errors": `{success:false,error:{code,message}}`, with messages in Turkish. */
export const ONYSOFT_REFUSALS = {
  bad_request: row(400, 'bad_request', 'Geçersiz istek veya eksik parametre', 'bad format or missing parameter'),
  invalid_api_key: row(401, 'invalid_api_key', 'Geçersiz veya eksik API anahtarı', 'the key is missing, unknown or deactivated'),
  insufficient_balance: row(402, 'insufficient_balance', 'Yetersiz bakiye', 'the balance is used up'),
  model_blocked: row(403, 'model_blocked', 'Bu model projeniz için engellenmiş', 'the model is blocked for this project'),
  project_suspended: row(403, 'project_suspended', 'Proje askıya alınmış', 'the project is suspended'),
  model_not_found: row(404, 'model_not_found', 'Model bulunamadı', 'no such model'),
  not_found: row(404, 'not_found', 'Uç nokta bulunamadı', 'wrong endpoint'),
  payload_too_large: row(413, 'payload_too_large', 'İstek çok büyük (en fazla 10 MB)', 'a body over 10 MB'),
  unsupported_model: row(422, 'unsupported_model', 'Model KieAI tarafından desteklenmiyor', 'a model the KieAI backend does not support'),
  rate_limit_exceeded: row(429, 'rate_limit_exceeded', 'İstek sınırı aşıldı', 'too many requests in a minute'),
  daily_token_limit_exceeded: row(429, 'daily_token_limit_exceeded', 'Günlük token sınırı aşıldı', 'the tokens of this model for today'),
  monthly_token_limit_exceeded: row(429, 'monthly_token_limit_exceeded', 'Aylık token sınırı aşıldı', 'the tokens of this month'),
  daily_request_limit_exceeded: row(
    429,
    'daily_request_limit_exceeded',
    'Günlük istek sınırı aşıldı',
    'the requests of this model for today',
  ),
  free_model_rate_limit: row(
    429,
    'free_model_rate_limit',
    'Ücretsiz modeller: 24 saatte en fazla 5 istek',
    'a free model, five times in 24 hours',
  ),
  server_error: row(500, 'server_error', 'Sunucu hatası', 'server error'),
} as const satisfies Record<string, Refusal>

export type OnysoftRefusal = keyof typeof ONYSOFT_REFUSALS

function row(status: number, code: string, message: string, summary: string): Refusal {
  return { status, body: { success: false, error: { code, message } }, summary }
}
