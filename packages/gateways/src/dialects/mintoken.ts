import { chatFormat, generateContentFormat, messagesFormat } from '../answer-format.js'
import type { Dialect } from '../dialect.js'
import { post } from '../endpoints.js'
import { defaultWaits } from '../retry-rules.js'

/**
 * Mintoken: its own key and the provider's key travel together, both from the server.
 *
 * Bodies are the provider's own, so three formats meet here. Its own errors are a text under `detail` or `error`; a
 * provider's error is passed on with an object under `error`. This tells its own 401 from a provider's. Its 429 is a
 * rate limit or the quota of the month, which only the text tells. A missing `X-Provider-Key` is a 400, but the fault
 * is in our configuration, not in the caller's request (errors; authentication).
 */
export const mintoken = {
  id: 'mintoken',
  title: 'Mintoken',
  documentation: 'https://mintoken.dev/docs',
  baseURL: 'https://api.mintoken.in/v1',
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  providerCredential: { header: 'X-Provider-Key', prefix: '', keyPattern: /^(sk-|AIza)\S+$/ },
  requestHeaders: [],
  endpoints: {
    'chat/completions': post(chatFormat),
    messages: post(messagesFormat),
    generateContent: post(generateContentFormat),
  },
  operatorPaths: ['auth', 'analytics', 'rules', 'playground'],
  maxJsonBytes: 10_000_000,
  streamUsage: 'asked',
  choices: { intensity: { header: 'X-Mintoken-Intensity', query: 'intensity', values: ['lite', 'full', 'ultra'] } },
  governance: {
    passedHeaders: ['x-mintoken-'],
    headers: {
      intensity: 'x-mintoken-intensity',
      duration: 'x-mintoken-duration-ms',
      quota: { used: 'x-mintoken-tokens-used', limit: 'x-mintoken-tokens-limit' },
    },
    body: {},
    recordMembers: ['message', 'usageMetadata'],
  },
  errors: {
    message: ['/detail', '/detail[]/msg', '/error/message', '/error', '/message'],
    code: ['/error/code'],
    type: ['/error/type', '/error/status'],
    rules: [
      { status: 400, lacks: '/error/message', message: /X-Provider-Key/i, means: 'gateway_key_rejected', about: 'provider key' },
      { status: 401, has: '/error/message', means: 'gateway_key_rejected', about: 'provider key' },
      { status: 429, lacks: '/error/message', message: /quota|month/i, means: 'gateway_out_of_credit' },
      { status: 503, lacks: '/error/message', means: 'gateway_unavailable', retryAfterSeconds: 30 },
      // Errors of the providers, in their own forms: OpenAI, Google, Anthropic.
      { status: 429, name: 'insufficient_quota', means: 'gateway_out_of_credit' },
      { status: 429, name: 'billing_not_active', means: 'gateway_out_of_credit' },
      {
        has: '/error/message',
        message: /API key (?:not valid|expired|not found)|reported as leaked/i,
        means: 'gateway_key_rejected',
        about: 'provider key',
      },
      { status: 400, has: '/error/type', message: /credit balance is too low/i, means: 'gateway_out_of_credit' },
    ],
  },
  retries: {
    ...defaultWaits,
    firstWaitMs: 1000,
    after: [
      {
        status: 429,
        lacks: '/error/message',
        message: /\brate\b/i,
        because: 'its documents say so: too many came in a minute, so it was not begun',
      },
    ],
  },
  keyPattern: /^mt_live_\S+$/,
  keyVariable: 'MINTOKEN_API_KEY',
} as const satisfies Dialect
