export { type Backend, createBackend } from './backend/backend.js'
export { findFault } from './backend/check-framing.js'
export type { Change } from './changes/change.js'
export { cannotChange } from './changes/fixed-settings.js'
export { answerAtDoor } from './doors/answer-at-door.js'
export { answerOn } from './doors/answer-on.js'
export { beginAtDoor } from './doors/arrive-at-door.js'
export { clearPageHeaders } from './doors/clear-page-headers.js'
export { enter } from './doors/enter.js'
export { faultOfTargetForExpress } from './doors/fault-of-target.js'
export { FramedResponse } from './doors/framed-response.js'
export { guardServer, refuseExpectations } from './doors/guard-server.js'
export { createNodeDoor, isUnderMount, type NodeListener } from './doors/node-door.js'
export { originForm, takeOriginForm } from './doors/normalize-target.js'
export { OfferingMessage } from './doors/offering-message.js'
export { refuseAtDoor, refuseOwn } from './doors/refuse-at-door.js'
export { refuseBrokenRequest } from './doors/refuse-broken-request.js'
export { refuseConnect, refuseUpgrade } from './doors/refuse-upgrade.js'
export { explain, type Explanation } from './explain.js'
export { type LimitQuestion, tellLimits, type ToldLimit } from './limits/asked-limits.js'
export type { AskedCaller } from './limits/asked-principal.js'
export { bindingByHeader, type MatchingBinding, matchingBindings } from './matching-bindings.js'
export { createInstance, type InstanceOptions, type ReplaceableInstance } from './instance.js'
export type { KeyStates } from './keys/key-states.js'
export type { KeyTrouble } from './keys/key-sources.js'
export { type LiveCall, type LiveCalls, type LiveStage, tellLiveCalls } from './live-calls.js'
export { createLogLedger, type LogLedger } from './log/log-ledger.js'
export { currentRuntime, type Runtime, type Serving } from './runtime.js'
export { tryRingSecret } from './compile/try-ring-secret.js'
export { masterKeysOf } from './compile/compile-ring.js'
export { faultOf, type NewKey, RingEditor } from './key-ring/edit-ring.js'
export { BrokenSeal, type MasterKey, MasterKeys } from './key-ring/master-keys.js'
export { type Resealed, resealRing } from './key-ring/reseal-ring.js'
export { RingFault, type RingFaultKind } from './key-ring/ring-fault.js'
export {
  checkBinding,
  type ReadKey,
  readKey,
  type Declared,
  type RingKey,
  type RingSecret,
  writeBinding,
  writeKey,
  openSealed,
} from './key-ring/ring-key.js'
export * from './key-ring/rotation.js'
