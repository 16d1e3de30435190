import type { Account } from './account/index.js'
import type { Arrival } from './arrival.js'
import type { Forward } from './forward/index.js'
import type { Retry } from './forward/retry.js'
import type { Identify } from './identify/index.js'
import type { Observe } from './observe/index.js'
import type { Police } from './police/index.js'
import type { Reserve } from './reserve/index.js'
import type { Resolve } from './resolve/index.js'
import type { Tag } from './tag/index.js'

/** The rooms of the corridor, and `admit`, which comes before them. */
export interface Rooms {
  /**
   * Refuses a request that no room should see.
   *
   * @throws {Refusal} 503 `draining`; 400 `request_malformed` if `Host` is missing, repeated or not a host (RFC 9112, 3.2),
   *   or for an unknown `Postern-` header; 400 `tag_invalid`, 403 `origin_not_allowed`, 421 `host_not_allowed`.
   */
  admit(arrival: Arrival): void
  readonly identify: Identify
  readonly resolve: Resolve
  readonly police: Police
  readonly tag: Tag
  readonly reserve: Reserve
  readonly observe: Observe
  readonly forward: Forward
  readonly retry: Retry
  readonly account: Account
}
