export { actAs, type ActAs } from './act-as.js'
export { type AdminClient, type AdminClientOptions, createAdminClient, type Revocation } from './admin-client.js'
export { PosternAdminError } from './admin-error.js'
export { type AdminPlace } from './ask-admin.js'
export { formatRequestId, parseRequestId, type RequestIdParts } from '@postern/protocol'
export { runWorkflow, type Step, type Workflow } from './run-workflow.js'
export { runningTags, type Tags } from './running-tags.js'
export { type SessionRouteOptions } from './session-endpoint.js'
export { type SessionHandler, sessionHandler } from './session-handler.js'
export {
  createSessionMinter,
  type MintedSession,
  type MintRequest,
  type Mints,
  type PublicKeySet,
  type SessionMinter,
  type SessionMinterOptions,
} from './session-minter.js'
export { sessionRoute } from './session-route.js'
export { tagHeaders } from './tag-headers.js'
