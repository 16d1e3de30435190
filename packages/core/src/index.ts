export type { Dialect, Dialects } from '@postern/gateways'
export type { Account, Receipt } from './account/index.js'
export type { Ledger, LedgerEntry, LedgerEvent, PreflightRefused, SessionEnded } from './account/ledger.js'
export { createLogLedger, type LogLedger } from './account/log-ledger.js'
export { clearPageHeaders } from './answers/clear-page-headers.js'
export { type CompileOptions, compile } from './compile.js'
export { type Backend, type BackendOptions, createBackend } from './backend/index.js'
export { findFault } from './backend/find-fault.js'
export { type CheckedConfig, type CheckResult, checkConfig } from './config/check-config.js'
export { ConfigError, describeProblem, type Problem } from './config/problem.js'
export type { SecretPlaces } from './config/read-secret.js'
export type { Config, ConfigInput } from './config/schema.js'
export { answerAtDoor } from './doors/answer-at-door.js'
export { enter } from './doors/enter.js'
export { createNodeDoor, isUnderMount, type NodeListener } from './doors/node-door.js'
export { OfferingMessage } from './doors/offering-message.js'
export { refuseUpgrade } from './doors/refuse-change.js'
export { takeOriginForm } from './doors/take-origin-form.js'
export { refuseAtDoor } from './doors/refuse-at-door.js'
export { guardServer } from './doors/guard-server.js'
export { KeySearch } from './forward/leak/key-search.js'
export { type Explanation, explain, type ExplainQuestion } from './explain.js'
export type { FailedAttempts } from './identify/failed-attempts.js'
export {
  formatHashRing,
  formatManifest,
  isManifest,
  parseHashRing,
  type ParsedRing,
  type RingEntry,
  type RingProblem,
} from './identify/hash-ring.js'
export type { Log } from './log.js'
export { readJsonObject } from './read/strict-json.js'
export type { Principal } from './principal.js'
export { notUnder } from './not-under.js'
export { Refusal } from './refusal.js'
export type { Runtime } from './runtime.js'
export { Secret } from './secret.js'
export { createMemoryStore } from './store/memory-store.js'
export { createTrust, type IsTrusted } from './trusted-peers.js'
export { revocationOf } from './store/revocations.js'
export type { Revocation, RevocationPage, RevokedKind, Store } from './store/store.js'
