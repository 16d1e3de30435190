import { plainFormat } from '../answer-format.js'
import type { Dialect } from '../dialect.js'
import { chatEndpoints, unmeasured, get, post } from '../endpoints.js'
import { defaultWaits } from '../retry-rules.js'

const media = ['video', 'image', 'audio', 'voice', 'music'] as const

/** A picture or sound that is being made. */
const task = { owner: 'caller', kind: 'task', ids: ['/task_id'] } as const

/**
 * Onysoft AI Gateway.
 *
 * Its documented chunks hold an id, an object and a delta, and nothing else (streaming). Errors have the form
 * `{success: false, error: {code, message}}`. Its 429 is a rate limit only with the code `rate_limit_exceeded`; the
 * other codes are quotas of a day or a month (errors). Images and sound are tasks, its stored objects: an endpoint begins
 * one and answers 202, and one of five status endpoints reports on it (video API).
 */
export const onysoft = {
  id: 'onysoft',
  title: 'Onysoft AI Gateway',
  documentation: 'https://api.onysoft.com/docs',
  baseURL: 'https://api.onysoft.com/v1',
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  requestHeaders: [],
  endpoints: {
    ...chatEndpoints,
    'audio/speech': post(plainFormat),
    ...Object.fromEntries(media.map((medium) => [`${medium}/generate`, { ...unmeasured, object: { ...task, role: 'creates' as const } }])),
    ...Object.fromEntries(media.map((medium) => [`${medium}/status/{id}`, { ...get(), object: { ...task, role: 'names' as const } }])),
  },
  chatCeilings: ['/max_tokens'],
  operatorPaths: [],
  maxJsonBytes: 10_000_000,
  closed: true,
  bareChunks: true,
  governance: {
    passedHeaders: [],
    headers: {},
    body: { requestId: ['/id'], cost: { amount: '/cost/amount', unit: '/cost/currency' } },
    recordMembers: ['cost'],
  },
  errors: {
    message: ['/error/message'],
    code: ['/error/code'],
    type: [],
    rules: [
      { name: 'insufficient_balance', means: 'gateway_out_of_credit' },
      { name: 'daily_token_limit_exceeded', means: 'gateway_out_of_credit' },
      { name: 'monthly_token_limit_exceeded', means: 'gateway_out_of_credit' },
      { name: 'daily_request_limit_exceeded', means: 'gateway_out_of_credit' },
      { name: 'free_model_rate_limit', means: 'gateway_out_of_credit' },
    ],
  },
  // It documents no wait, and no failure after which nothing ran.
  retries: { ...defaultWaits, after: [] },
  keyPattern: /^sk-ony-[0-9a-fA-F]{48}$/,
  keyVariable: 'ONYSOFT_API_KEY',
} as const satisfies Dialect
