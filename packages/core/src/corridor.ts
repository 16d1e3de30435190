import type { Arrival, ResponseSink } from '@postern/ports'
import type { Receipt } from './account/account.js'
import { refuse } from './answers/refuse.js'
import type { Outcome } from './forward/outcome.js'
import { type Cleared, Journey } from './journey.js'
import type { Rooms } from './rooms.js'

/**
 * Carries one request through: {@link clear}, then observe → forward for each attempt, then account.
 *
 * Each room adds one fact and gets only the facts that its signature names. If the gateway ran nothing of an attempt, `retry` waits and
 * another follows, under a new id; otherwise `retry` throws the failure. Settles once the ledger has its entry; never rejects.
 */
export async function handle(rooms: Rooms, arrival: Arrival, sink: ResponseSink): Promise<Receipt> {
  const journey = new Journey(arrival)
  let outcome: Outcome
  try {
    const cleared = await clear(rooms, journey)
    const { principal, route, permit, call, reservation } = cleared
    rooms.witness({ type: 'call_begun', gateway: route.gateway.name, key: route.key.alias, limits: reservation?.limits })
    for (;;) {
      const tags = journey.tags
      const tap = (journey.tap = rooms.observe({ arrival, principal }, { ...cleared, tags }))
      const ownMs = journey.beginAttempt()
      try {
        outcome = await rooms.forward(cleared, tags, tap, sink)
        break
      } catch (error) {
        const endedAt = performance.now()
        const refusal = await rooms.wait(rooms.retry(error, arrival, route, permit, tags, sink), call)
        journey.tags = rooms.tag(arrival, principal, { tags, refusal, begunAt: journey.attemptedAt, endedAt })
        arrival.watch.waitedSince(ownMs)
      }
    }
  } catch (error) {
    outcome = refuse(error, journey, sink)
  }
  return rooms.account(journey.end(outcome))
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
  const route = (journey.route = rooms.resolve(arrival, principal))
  const permitted = rooms.police(arrival, principal, route)
  const permit = (journey.permit = permitted instanceof Promise ? await rooms.wait(permitted, call) : permitted)
  journey.tags = rooms.tag(arrival, principal)
  const reserved = journey.setAside(rooms.reserve({ arrival, principal, route, permit, tags: journey.tags }))
  const reservation = reserved instanceof Promise ? await rooms.wait(reserved, call) : reserved
  return { arrival, principal, route, permit: (journey.permit = reservation?.permit ?? permit), call, reservation }
}
