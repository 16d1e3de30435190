export { holdsKey, looksLikeKey, redactKeys } from '@postern/protocol'
export {
  type AnswerFormat,
  answerFormats,
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
export { isBelow, isHoldersPath } from './closed-path.js'
export { compileEndpoints } from './compile-endpoints.js'
export {
  type AddressLimit,
  callersChoice,
  type Choice,
  type CredentialForm,
  type Dialect,
  type Dialects,
  type ErrorRule,
  type GovernancePlaces,
} from './dialect.js'
export { type DialectId, dialectIds, dialects } from './dialects/dialects.js'
export { createEndpointTable, type EndpointTable, type FoundEndpoint, isParameter, modelSegment, shapeOf } from './endpoint-table.js'
export { type Endpoint, type Endpoints, endpointsOf, type ModelCatalogue } from './endpoint.js'
export { chatEndpoints, get, post } from './endpoints.js'
export type { ErrorCondition } from './error-condition.js'
export { foldCase } from './fold-case.js'
export { normalizeWide } from './normalize-wide.js'
export { isApiKeyHeader, isKeyHeader, isKeyParameter, keyHeaders, type KeyName, keyNameOf } from './key-names.js'
export { asModelList, failedCatalogue } from './model-list.js'
export { openaiEndpoints } from './openai-endpoints/openai-endpoints.js'
export { type CompiledPointer, compilePointer, type Pointer, readAll } from './pointer.js'
export { ranNothing } from './ran-nothing.js'
export { type AnswerFacts, type AnswerReader, createAnswerReader } from './read-answer.js'
export { type ReportPlaces, reportPlaces } from './report-places.js'
export { defaultWaits as usualWaits, type RetryRule, type RetryRules } from './retry-rules.js'
export { holdsHeaders, type NeverPassed, neverPassed, steersInBody, steersInQuery } from './steering-names.js'
export {
  type AccountObject,
  accountObject,
  type CallerObject,
  callerObject,
  namesCallerObject,
  type StoredObject,
} from './stored-object.js'
export { costOfName, squashName, takeWithin } from './strip-punctuation.js'
export { words } from './words.js'
