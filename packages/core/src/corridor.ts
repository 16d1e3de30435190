import type { Receipt } from './account/account.js'
import type { Arrival, Principal, ResponseSink, SessionCall } from '@postern/ports'
import type { Outcome } from './forward/outcome.js'
import type { Tap } from './observe/observe.js'
import type { Permit } from './police/permit.js'
import { refuse } from './answers/refuse.js'
import type { Route } from './resolve/route.js'
import type { Rooms } from './rooms.js'
import { type Tags, tagRefused } from './tag/tag.js'

/**
 * Carries one request through the house: identify → resolve → police → tag → reserve → forward → observe → account.
 *
 * Each room adds one fact and gets only the facts that its signature names. `observe` makes a tap; `forward` shows it the
 * answer as it passes. No room before `reserve` uses anything up, and every rule that can refuse comes before `reserve`.
 * If an attempt failed before the gateway ran anything, `retry` waits and lets `forward` run again, under a new id;
 * otherwise `retry` throws the failure. A call whose session is revoked ends wherever it is. The promise settles once `account` has written the ledger entry; it never rejects.
 */
export async function handle(rooms: Rooms, arrival: Arrival, sink: ResponseSink): Promise<Receipt> {
  let principal: Principal | undefined
  let route: Route | undefined
  let permit: Permit | undefined
  let tags: Tags | undefined
  let tap: Tap | undefined
  let outcome: Outcome
  let call: SessionCall | undefined
  try {
    rooms.admit(arrival)
    const verified = rooms.identify(arrival)
    principal = verified instanceof Promise ? await rooms.wait(verified) : verified
    call = rooms.follow(principal)
    route = rooms.resolve(arrival, principal)
    const permitted = rooms.police(arrival, principal, route)
    permit = permitted instanceof Promise ? await rooms.wait(permitted, call) : permitted
    tags = rooms.tag(arrival, principal)
    const reserved = rooms.reserve(principal)
    if (reserved instanceof Promise) await rooms.wait(reserved, call)
    for (;;) {
      tap = rooms.observe({ arrival, principal }, route, permit, tags)
      const leftAt = performance.now()
      try {
        outcome = await rooms.forward(arrival, route, permit, tags, tap, sink, call)
        break
      } catch (error) {
        const refusal = await rooms.wait(rooms.retry(error, arrival, route, permit, tags, sink), call)
        tags = rooms.tag(arrival, principal, { tags, refusal })
        permit = { ...permit, waitedMs: permit.waitedMs + performance.now() - leftAt }
      }
    }
  } catch (error) {
    tags ??= tagRefused(arrival)
    outcome = refuse(error, { arrival, principal, route, permit, tags, tap }, sink)
  }
  call?.over()
  return rooms.account({ arrival, principal, route, permit, tags, outcome })
}
