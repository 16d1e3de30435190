export {
  type Amount,
  type Billionths,
  billionthsOfOne,
  exactBillionths,
  readAmount,
  readDecimal,
  readUnit,
  toBillionths,
  writeAmount,
} from './amount.js'
export type { Arrival, BodyHold, MemoryCount, PageRecord, PeerFacts, ResponseSink } from './arrival.js'
export {
  type Budget,
  type Budgets,
  type CallNote,
  type Claim,
  type Counted,
  type LeftNote,
  maxNoteBytes,
  type Reserved,
} from './budgets.js'
export { beginningOf, type BindingFields, bindingFields, bindingIdentity, describeBinding, fieldsOfIdentity } from './binding.js'
export {
  type BindingShape,
  type BoundCaller,
  maxWorkflowChars,
  patternsFor,
  rankOf,
  shapesFor,
  shapesOfDelegated,
  shapesOfOwn,
} from './binding-rank.js'
export type { CallCourse, CallTrace, EarlierCourse, StreamCourse } from './call-course.js'
export type { Counters } from './counters.js'
export { type EntryOwner, entryOwnerOf } from './entry-owner.js'
export type { Feed, FeedPage } from './feed.js'
export { FollowedCopy } from './followed-copy.js'
export type { Identify } from './identify.js'
export type { EarlierEntry, EntryKeeping, EstimatedUse, Ledger, LedgerEntry, LedgerEvent, SessionEnded } from './ledger.js'
export {
  type CallEnding,
  type CallsQuestion,
  type KeptCall,
  type LedgerReader,
  type UsageCost,
  type UsageField,
  type UsageFilter,
  usageFields,
  usageFilters,
  type UsageQuestion,
  type UsageRow,
  type WorkflowCall,
  type WorkflowRun,
} from './ledger-reader.js'
export { LiveSecrets } from './live-secrets.js'
export type { Log } from './log.js'
export { createMeantBy, lettersOf, type MeantBy } from './meant-by.js'
export { createMemoryStore } from './memory/open.js'
export type { MemoryBounds } from './memory/memory-bounds.js'
export {
  mostSpecificFirst,
  ownerOf,
  type Principal,
  type PrincipalFields,
  principalFields,
  type SessionFacts,
} from './principal.js'
export type { KeptBinding, KeptKey, KeyRing, RemarkedBinding, RingChange, RingChanges, RingConflict, SecretUses } from './key-ring.js'
export { keptAfterMs, type Period, type PeriodWindow, windowAt } from './period.js'
export { type CeilingKind, type PriceEntry, type PriceFile, type TokenPrices, unitsOfGateway } from './price-file.js'
export { describeProxy, type Proxy, type ProxyOf } from './proxy.js'
export type { PublicAddress } from './public-address.js'
export { isNotAsked, reachStore, StoreFull, StoreLost, StoreNotAsked } from './reach-store.js'
export { readClaims, UnreadableClaims } from './read-claims.js'
export { addressesOfStores, createRedactor, type Redactor, searchedSecrets } from './redactor.js'
export { ClientGone, type Cut, cutAtBudget, cutAtShutdown, cutByRevocation, Refusal, type RefusalDetails } from './refusal.js'
export type { CountsOf, CountsState, HeldCall, KeptCount, LedgerCounts, Recovery } from './recovery.js'
export { clockToleranceSeconds, revocationOf } from './revocation-of.js'
export type { Revocation, RevokedKind } from './revocation.js'
export type { RingEntry } from './ring-entry.js'
export type { Scope } from './scope.js'
export { Secret } from './secret.js'
export { type KeySecrets, secretsOfKeys, SecretsByPath } from './secrets-by-path.js'
export type { Locks } from './locks.js'
export type { Seen } from './seen.js'
export type { Cuttable, SessionCall } from './session-call.js'
export { Stopwatch } from './stopwatch.js'
export type { Store } from './store.js'
export type { Settings, Uses } from './uses.js'
export {
  type BackendAsked,
  type KeyChanged,
  type KeySourceBack,
  type KeySourceLost,
  type PosternEvent,
  tellAll,
  type Witness,
} from './witness.js'
