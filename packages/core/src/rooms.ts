import type { Account } from './account/account.js'
import type { Arrival, Identify, Principal, SessionCall, Witness } from '@postern/ports'
import type { Forward } from './forward/forward.js'
import type { Retry } from './forward/retry.js'
import type { Join } from './join/join.js'
import type { Observe } from './observe/observe.js'
import type { Police } from './police/police.js'
import type { Reserve } from './reserve/reserve.js'
import type { Confirm } from './resolve/confirm.js'
import type { Resolve } from './resolve/resolve.js'
import type { Route } from './resolve/route.js'
import type { Tag } from './tag/tag.js'

/** The rooms of the corridor, and `admit`, which comes before them. */
export interface Rooms {
  /**
   * Refuses a request that no room should see.
   *
   * @throws {Refusal} 503 `draining`; 400 `request_malformed` if `Host` is missing, repeated or not a host (RFC 9112, 3.2),
   *   or for an unknown `Postern-` header; 400 `tag_invalid`, 403 `origin_not_allowed`, 421 `host_not_allowed`.
   */
  admit(arrival: Arrival): void
  /**
   * Waits for what a room before `forward` has promised; rejects with 503 `draining` once `Runtime.cut` has run, and with 401
   * `caller_revoked` once the session of `call` is revoked.
   */
  wait<Value>(promise: Promise<Value>, call?: SessionCall): Promise<Value>
  readonly identify: Identify
  /**
   * Follows a call, so that it ends when its session is revoked; `undefined`: its credential cannot be revoked. Call `over` of the
   * result at the end.
   *
   * @throws {Refusal} 401 `caller_revoked` if the session was revoked since it was verified.
   */
  follow(principal: Principal): SessionCall | undefined
  /**
   * As {@link Resolve}; a promise where the key's source is still asked for its first value.
   */
  readonly resolve: (...asked: Parameters<Resolve>) => Route | Promise<Route>
  readonly police: Police
  /** Is asked once a body that was waited for is whole. Its own waits end as those of {@link Rooms.wait} do. */
  readonly confirm: Confirm
  readonly tag: Tag
  readonly join: Join
  readonly reserve: Reserve
  readonly observe: Observe
  readonly forward: Forward
  readonly retry: Retry
  readonly account: Account
  /** Is told that a call begins; `retry` tells it of attempts that failed, and `account` how the call ends. */
  readonly witness: Witness
}
