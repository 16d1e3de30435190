export {
  createSessionMinter,
  type MintedSession,
  type MintRequest,
  type PublicKeySet,
  type SessionMinter,
  type SessionMinterOptions,
} from './session-minter.js'
export { actAs, type ActAs } from './act-as.js'
export { formatRequestId, parseRequestId, type RequestIdParts } from '@postern/protocol'
export { runWorkflow, type Step, type Workflow } from './run-workflow.js'
export { runningTags, type Tags } from './running-tags.js'
export { tagHeaders } from './tag-headers.js'
