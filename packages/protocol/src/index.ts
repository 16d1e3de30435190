export { agentHeaders, type AgentHeaders, type AgentName, agentNames } from './agent-headers.js'
export type { CallerLimit } from './caller-limit.js'
export { type ErrorCode, type ErrorCodeEntry, type ErrorType, errorCodes } from './error-codes.js'
export { type ErrorEnvelope, errorEnvelope, type ErrorSaid } from './error-envelope.js'
export {
  type Finish,
  type GovernanceBudget,
  type GovernanceClamp,
  type GovernanceCost,
  type GovernanceRecord,
  type GovernanceQuota,
  type GovernanceUsage,
  governanceComment,
  parseGovernance,
  publicGovernance,
  serializeGovernance,
} from './governance-record.js'
export { isDevelopmentPage } from './development-origin.js'
export { asciiJson, bareMember, textMember } from './json-member.js'
export { compileModelReading, isPlainModel, modelReadings, type ModelReadings } from './model-readings.js'
export { compileNameList, couldBeAnyModel, type NameList, type NamesOf } from './name-list.js'
export { compileNamePattern, type PatternText } from './name-pattern.js'
export { isPlainName, nameFault } from './plain-name.js'
export {
  readSessionRequest,
  sessionClaims,
  SessionFault,
  sessionFaultOverHttp,
  type SessionLife,
  type SessionRequest,
  sessionSeconds,
} from './session-claims.js'
export {
  notEnforcedYet as announcedBounds,
  originPattern,
  readSessionBounds,
  sessionBoundClaims,
  sessionClaimNames,
  type SessionBounds,
  sessionToken,
  thumbprintPattern,
} from './session-token.js'
export { holdsKey, keysIn, looksLikeKey, redactKeys } from './key-shapes.js'
export { looksLikeUsualKey } from './usual-key-shapes.js'
export {
  governanceHeader,
  headerNames,
  parentStepHeader,
  refusalHeader,
  shouldRetryHeader,
  stepHeader,
  workflowHeader,
} from './header-names.js'
export { formatRequestId, parseRequestId, type RequestIdParts, tagPattern, workflowPattern } from './request-id.js'
export { hasDotSegment } from './dot-segment.js'
export { hopByHop } from './hop-by-hop.js'
export { hasRepeatedMember } from './repeated-member.js'
export { madeKeyPrefix, sdkRetryHeader, sdkTimeoutHeader } from './sdk-words.js'
export { tokenType } from './token-type.js'
