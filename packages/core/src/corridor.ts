import type { Receipt } from './account/index.js'
import type { Arrival, ResponseSink } from './arrival.js'
import type { Outcome } from './forward/outcome.js'
import type { Tap } from './observe/index.js'
import type { Principal } from './principal.js'
import type { Permit } from './police/permit.js'
import { refuse } from './answers/refuse.js'
import type { Route } from './resolve/route.js'
import type { Rooms } from './rooms.js'
import { type Tags, tagRefused } from './tag/index.js'

/**
 * Carries one request through the house: identify → resolve → police → tag → reserve → forward → observe → account.
 *
 * Each room adds one fact and is given only the facts its signature names. `observe` is a tap that `forward`
 * holds into the answer as it passes. Nothing is used up before `reserve`, and every rule that can refuse comes before it. What failed before anything was run may `forward` once more, under an
 * id of its own: `retry` waits, or throws the failure back. Settles once the request's ending is written
 * down; never throws.
 */
export async function handle(rooms: Rooms, arrival: Arrival, sink: ResponseSink): Promise<Receipt> {
  let principal: Principal | undefined
  let route: Route | undefined
  let permit: Permit | undefined
  let tags: Tags | undefined
  let tap: Tap | undefined
  let outcome: Outcome
  try {
    rooms.admit(arrival)
    const verified = rooms.identify(arrival)
    principal = verified instanceof Promise ? await verified : verified
    route = rooms.resolve(arrival, principal)
    const permitted = rooms.police(arrival, principal, route)
    permit = permitted instanceof Promise ? await permitted : permitted
    tags = rooms.tag(arrival, principal)
    const reserved = rooms.reserve(principal)
    if (reserved instanceof Promise) await reserved
    for (;;) {
      tap = rooms.observe({ arrival, principal }, route, permit, tags)
      const leftAt = performance.now()
      try {
        outcome = await rooms.forward(arrival, route, permit, tags, tap, sink)
        break
      } catch (error) {
        const refusal = await rooms.retry(error, arrival, route, permit, tags, sink)
        tags = rooms.tag(arrival, principal, { tags, refusal })
        permit = { ...permit, waitedMs: permit.waitedMs + performance.now() - leftAt }
      }
    }
  } catch (error) {
    tags ??= tagRefused(arrival)
    outcome = refuse(error, { arrival, principal, route, permit, tags, tap }, sink)
  }
  return rooms.account({ arrival, principal, route, permit, tags, outcome })
}
