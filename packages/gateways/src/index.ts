export {
  type AnswerFormat,
  chatFormat,
  generateContentFormat,
  messagesFormat,
  type OutputLimit,
  plainFormat,
  responsesFormat,
  type StreamEnd,
  type UsagePlaces,
} from './answer-format.js'
export { createErrorClassifier, type ErrorClassifier, type GatewayError } from './classify-error.js'
export type {
  AddressLimit,
  Choice,
  CredentialForm,
  Dialect,
  Dialects,
  ErrorCondition,
  ErrorRule,
  GovernancePlaces,
} from './dialect.js'
export { type DialectId, dialectIds, dialects } from './dialects/index.js'
export type { Endpoint, ModelCatalogue } from './endpoint.js'
export { chatEndpoints, get, openaiEndpoints, post } from './endpoints.js'
export { findEndpoint } from './find-endpoint.js'
export { holdsKey, looksLikeKey, redactKeys } from '@postern/protocol'
export { asModelList, failedCatalogue } from './model-list.js'
export { type CompiledPointer, compilePointer, type Pointer, readAll } from './pointer.js'
export { type AnswerFacts, type AnswerReader, createAnswerReader } from './read-answer.js'
export { type RetryRule, type RetryRules, usualWaits } from './retry-rules.js'
