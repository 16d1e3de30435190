import type { Arrival, Principal } from '@postern/ports'
import type { Permit } from '../police/permit.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/tag.js'

/** The facts that decide what a call sets aside. */
export interface ReservingCall {
  readonly arrival: Arrival
  readonly principal: Principal
  readonly route: Route
  readonly permit: Permit
  readonly tags: Tags
}
