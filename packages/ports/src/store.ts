import type { Budgets } from './budgets.js'
import type { Counters } from './counters.js'
import type { Feed } from './feed.js'
import type { KeyRing } from './key-ring.js'
import type { Locks } from './locks.js'
import type { Revocation } from './revocation.js'
import type { Scope } from './scope.js'
import type { Seen } from './seen.js'

/**
 * Opens and closes together what one file or one Redis keeps: what must outlive one request, or be known to every process that
 * serves the same callers. Readers take their own port, never the whole.
 *
 * If the store cannot be reached, a method of a port rejects within two seconds, with any error; with `StoreNotAsked` only where
 * nothing was sent or written, so that nobody takes for undone what may have been done. Each call tries again, so a store
 * that comes back is used without a restart. The reader then refuses the request with 503 `store_unavailable` (`reachStore`).
 *
 * A store that has too little room divides it by the `owner` that its ports are told, rejects with `StoreFull` for an owner that has too
 * much, and forgets nothing early for another entry.
 */
export interface Store {
  /** That of every port. */
  readonly scope: Scope
  readonly seen: Seen
  readonly counters: Counters
  readonly budgets: Budgets
  readonly locks: Locks
  readonly revocations: Feed<Revocation>
  /** `undefined`: the technology keeps no keys. */
  readonly keyRing?: KeyRing | undefined
  /** Releases connections and files. Afterwards every port rejects, if there was anything to release. */
  close(): Promise<void>
}
