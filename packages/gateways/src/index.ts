export {
  type AnswerFormat,
  chatFormat,
  generateContentFormat,
  messagesFormat,
  plainFormat,
  responsesFormat,
  type StreamEnd,
  type UsagePlaces,
} from './answer-format.js'
export { createErrorClassifier, type ErrorClassifier, type GatewayError } from './classify-error.js'
export type { CredentialForm, Dialect, Endpoint, ErrorRule, GovernancePlaces } from './dialect.js'
export { type DialectId, dialectIds, dialects } from './dialects/index.js'
export { findEndpoint } from './find-endpoint.js'
export { looksLikeKey, redactKeys } from './key-formats.js'
export type { Pointer } from './pointer.js'
export { type AnswerFacts, type AnswerReader, createAnswerReader } from './read-answer.js'
