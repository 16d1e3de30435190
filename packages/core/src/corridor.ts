import type { Arrival, ResponseSink } from '@postern/ports'
import type { Receipt } from './account/account.js'
import { refuse } from './answers/refuse.js'
import type { Outcome } from './forward/outcome.js'
import { type Cleared, Journey } from './journey.js'
import type { Rooms } from './rooms.js'

/** Carries one request through: {@link clear}, {@link send}, then account. Settles once the ledger has its entry; never rejects. */
export async function handle(rooms: Rooms, arrival: Arrival, sink: ResponseSink, journey = new Journey(arrival)): Promise<Receipt> {
  let outcome: Outcome
  let failure: unknown
  try {
    const cleared = await clear(rooms, journey, sink)
    outcome = 'finish' in cleared ? cleared : await send(rooms, journey, cleared)
  } catch (error) {
    outcome = refuse((failure = error), journey, sink)
  }
  return rooms.account(journey.end(outcome, failure))
}

/** identify → resolve → police → confirm → tag → join → reserve. A call that repeats another gets its answer in `join`. Only `reserve` spends. */
export async function clear(rooms: Rooms, journey: Journey, sink: ResponseSink): Promise<Cleared | Outcome> {
  const { arrival } = journey
  rooms.admit(arrival)
  const verified = rooms.identify(arrival)
  const principal = (journey.principal = verified instanceof Promise ? await rooms.wait(verified) : verified)
  const call = (journey.call = rooms.follow(principal))
  const resolved = rooms.resolve(arrival, principal)
  const first = (journey.route = resolved instanceof Promise ? await rooms.wait(resolved, call) : resolved)
  const permitted = rooms.police(arrival, principal, first)
  const permit = (journey.permit = permitted instanceof Promise ? await rooms.wait(permitted, call) : permitted)
  const route = permitted instanceof Promise ? (journey.route = await rooms.confirm(arrival, principal, first, permit.body)) : first
  const tags = (journey.tags = rooms.tag(arrival, principal))
  const joining = rooms.join({ arrival, principal, route, permit, tags }, sink)
  const joined = joining && (await rooms.wait(journey.leads(joining), call))
  if (joined !== undefined && 'finish' in joined) return joined
  const reserved = journey.setAside(rooms.reserve({ arrival, principal, route, permit, tags }))
  const reservation = reserved instanceof Promise ? await rooms.wait(reserved, call) : reserved
  return { arrival, sink, principal, route, permit: reservation?.permit ?? permit, call, reservation, ...joined?.seen }
}

/** observe → forward for each attempt. If the gateway ran nothing, `retry` waits and another follows, under a new id; else it throws. */
async function send(rooms: Rooms, journey: Journey, cleared: Cleared): Promise<Outcome> {
  const { arrival, principal, route: first, call, reservation } = cleared
  rooms.witness({ type: 'call_begun', gateway: first.gateway.name, key: first.key.alias, limits: reservation?.limits })
  for (let attempt = cleared; ; ) {
    const ownMs = journey.beginAttempt()
    const tags = journey.tags
    try {
      return await rooms.forward(attempt, tags, (journey.tap = rooms.observe({ arrival, principal }, attempt, tags)))
    } catch (error) {
      const endedAt = performance.now()
      const { refusal, route } = await rooms.wait(rooms.retry(error, attempt, tags), call)
      attempt = { ...attempt, route: (journey.route = route) }
      journey.tags = rooms.tag(arrival, principal, { tags, refusal, begunAt: journey.attemptedAt, endedAt })
      arrival.watch.waitedSince(ownMs)
    }
  }
}
