/** Headers in which clients of one API or another send keys, lower-case, with hyphens: refused at the door, and never sent on. */
export const keyHeaders: readonly string[] = [
  'x-api-key',
  'api-key',
  'apikey',
  'x-apikey',
  'x-goog-api-key',
  'x-provider-key',
  'x-providerkey',
  'provider-key',
  'providerkey',
  'x-authorization',
  'x-openai-api-key',
  'openai-api-key',
]
