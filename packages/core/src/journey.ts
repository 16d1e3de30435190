import type { Arrival } from './arrival.js'
import type { Outcome } from './forward/outcome.js'
import type { Principal } from './principal.js'
import type { Permit } from './police/permit.js'
import type { Route } from './resolve/route.js'
import type { Tags } from './tag/index.js'

/** What became of a request on its way; each room added one fact. Belongs to the corridor: only `account` reads all of it. */
export interface Journey {
  readonly arrival: Arrival
  readonly principal?: Principal | undefined
  readonly route?: Route | undefined
  readonly permit?: Permit | undefined
  readonly tags: Tags
  readonly outcome: Outcome
}
