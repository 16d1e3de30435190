import { chatFormat, generateContentFormat, messagesFormat } from '../answer-format.js'
import type { Dialect } from '../dialect.js'
import { post } from '../endpoints.js'

/**
 * Mintoken: its own key and the provider's key travel together, both from the server.
 *
 * Bodies are the provider's own, so three formats meet here. A 429 is a rate or the month's quota, and only
 * the text tells which; a missing `X-Provider-Key` is a 400 that means our configuration, not the caller's
 * request (errors; authentication).
 */
export const mintoken = {
  id: 'mintoken',
  title: 'Mintoken',
  documentation: 'https://mintoken.dev/docs',
  baseURL: 'https://api.mintoken.in/v1',
  credential: { header: 'Authorization', prefix: 'Bearer ' },
  providerCredential: { header: 'X-Provider-Key', prefix: '' },
  stripRequestHeaders: ['x-mintoken-*'],
  endpoints: {
    'chat/completions': post(chatFormat),
    messages: post(messagesFormat),
    generateContent: post(generateContentFormat),
  },
  operatorPaths: ['auth', 'analytics', 'rules', 'playground'],
  governance: { passedHeaders: ['x-mintoken-'], headers: {}, body: {}, recordMembers: ['message', 'usageMetadata'] },
  errors: {
    message: ['/detail', '/error/message', '/error', '/message'],
    code: ['/error/code'],
    type: ['/error/type', '/error/status'],
    rules: [
      { status: 400, message: /X-Provider-Key/i, means: 'gateway_key_rejected' },
      { status: 429, message: /quota/i, means: 'gateway_out_of_credit' },
      { status: 429, name: 'insufficient_quota', means: 'gateway_out_of_credit' },
    ],
  },
  keyPattern: /^mt_live_\S+$/,
  keyVariable: 'MINTOKEN_API_KEY',
} as const satisfies Dialect
