/**
 * Request headers, lower-case, that the SDKs of OpenAI, Anthropic and Google send by themselves, and those that describe a
 * body and the wanted answer. Every gateway gets them, and pages of listed origins may send them: none of them decides
 * where a call goes, who pays or which key is used.
 */
export const clientHeaders: readonly string[] = [
  'accept',
  'accept-language',
  'content-type',
  'user-agent',
  'idempotency-key',
  'openai-beta',
  'anthropic-version',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'x-goog-api-client',
  'x-stainless-arch',
  'x-stainless-async',
  'x-stainless-custom-poll-interval',
  'x-stainless-helper',
  'x-stainless-helper-method',
  'x-stainless-lang',
  'x-stainless-os',
  'x-stainless-package-version',
  'x-stainless-poll-helper',
  'x-stainless-raw-response',
  'x-stainless-read-timeout',
  'x-stainless-retry-count',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-timeout',
]
