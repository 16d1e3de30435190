import type { Arrival, ResponseSink } from '@postern/ports'
import type { Receipt } from './account/account.js'
import { refuse } from './answers/refuse.js'
import type { Outcome } from './forward/outcome.js'
import { type Cleared, Journey } from './journey.js'
import type { Rooms } from './rooms.js'

/**
 * Carries one request through: {@link clear}, then observe → forward for each attempt, then account. If the gateway ran nothing of an
 * attempt, `retry` waits and another follows, under a new id; else it throws. Settles once the ledger has its entry; never rejects.
 */
export async function handle(rooms: Rooms, arrival: Arrival, sink: ResponseSink): Promise<Receipt> {
  const journey = new Journey(arrival)
  let outcome: Outcome
  try {
    let cleared = await clear(rooms, journey)
    const { principal, permit, call } = cleared
    rooms.witness({ type: 'call_begun', gateway: cleared.route.gateway.name, key: cleared.route.key.alias })
    for (;;) {
      const tags = journey.tags
      const tap = (journey.tap = rooms.observe({ arrival, principal }, { ...cleared, tags }))
      const ownMs = arrival.watch.ownMs()
      try {
        outcome = await rooms.forward(cleared, tags, tap, sink)
        break
      } catch (error) {
        const { refusal, route } = await rooms.wait(rooms.retry(error, arrival, cleared.route, permit, tags, sink), call)
        cleared = { ...cleared, route: (journey.route = route) }
        journey.tags = rooms.tag(arrival, principal, { tags, refusal })
        arrival.watch.waitedSince(ownMs)
      }
    }
  } catch (error) {
    outcome = refuse(error, journey, sink)
  }
  const booked = journey.end(outcome)
  return rooms.account({ arrival, principal: journey.principal, route: journey.route, tags: journey.tags, outcome, booked })
}

/**
 * identify → resolve → police → tag → reserve: who calls, with which key, what they may, under which ids. Only `reserve` spends anything.
 *
 * @throws {Refusal} the refusal of a room, or 401 `caller_revoked` as soon as the session of the call is revoked.
 */
export async function clear(rooms: Rooms, journey: Journey): Promise<Cleared> {
  const { arrival } = journey
  rooms.admit(arrival)
  const verified = rooms.identify(arrival)
  const principal = (journey.principal = verified instanceof Promise ? await rooms.wait(verified) : verified)
  const call = (journey.call = rooms.follow(principal))
  const resolved = rooms.resolve(arrival, principal)
  const route = (journey.route = resolved instanceof Promise ? await rooms.wait(resolved, call) : resolved)
  const permitted = rooms.police(arrival, principal, route)
  const permit = (journey.permit = permitted instanceof Promise ? await rooms.wait(permitted, call) : permitted)
  journey.tags = rooms.tag(arrival, principal)
  const reserved = journey.setAside(rooms.reserve({ arrival, principal, route, permit, tags: journey.tags }))
  const reservation = reserved instanceof Promise ? await rooms.wait(reserved, call) : reserved
  return { arrival, principal, route, permit: (journey.permit = reservation?.permit ?? permit), call, reservation }
}
