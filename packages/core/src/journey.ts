import type { Arrival } from './arrival.js'
import type { Outcome } from './forward/outcome.js'
import type { Principal } from './principal.js'
import type { Permit } from './police/permit.js'
import type { Route } from './resolve/route.js'
import type { RevokedKind } from './store/store.js'
import type { Tags } from './tag/tag.js'

/** All facts about a request; each room added one. The corridor owns it, and only `account` reads all of it. */
export interface Journey {
  readonly arrival: Arrival
  readonly principal?: Principal | undefined
  readonly route?: Route | undefined
  readonly permit?: Permit | undefined
  readonly tags: Tags
  readonly outcome: Outcome
  /** The sessions that the request ended. */
  readonly ended?: EndedSessions | undefined
}

/** Which sessions were ended: one by its id, or all sessions of a user or a team. */
export interface EndedSessions {
  readonly kind: RevokedKind
  readonly name: string
  /** The name of the admin listener's credential that ended them. Default: the caller, or `admin`. */
  readonly by?: string
}
