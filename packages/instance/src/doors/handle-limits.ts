import { answerJson, isOwn, isPage, type Limit, limitOfSession, type Outcome, type Receipt, refuse, tagRefused } from '@postern/core'
import { type Arrival, type Counted, type Principal, reachStore, Refusal, type ResponseSink } from '@postern/ports'
import type { CallerLimit } from '@postern/protocol'
import { describeLimit } from '../limits/asked-limits.js'
import type { Runtime } from '../runtime.js'

/** Whether a request asks for the caller's limits. */
export function isForLimits({ path }: Arrival): boolean {
  return path === '/limits'
}

/** Answers `GET {mount}/limits`: the caller's own limits, with what is left. A page is told those of its user and session alone. */
export async function handleLimits(runtime: Runtime, arrival: Arrival, sink: ResponseSink): Promise<Receipt> {
  const { rooms, budgets } = runtime
  let principal: Principal | undefined
  let tags = tagRefused(arrival)
  let outcome: Outcome
  try {
    rooms.admit(arrival)
    if (arrival.method !== 'GET' && arrival.method !== 'HEAD') throw new Refusal('method_not_allowed', { headers: ['Allow', 'GET'] })
    const verified = rooms.identify(arrival)
    principal = verified instanceof Promise ? await rooms.wait(verified) : verified
    tags = { ...rooms.tag(arrival, principal), attempt: 0, requestId: tags.requestId }
    await rooms.wait(Promise.resolve(runtime.findsKey(principal)))
    const limits = limitsOf(runtime, arrival, principal, tags.workflow)
    const counted = await rooms.wait(reachStore(budgets.look(limits.map(({ claim }) => claim.budget))))
    outcome = answerJson(
      { status: 200, body: { limits: limits.map((limit, index) => describe(limit, counted[index] as Counted)) } },
      arrival,
      tags,
      sink,
    )
  } catch (error) {
    outcome = refuse(error, { arrival, principal, tags }, sink)
  }
  return rooms.account({ arrival, principal, tags, outcome, own: true })
}

function limitsOf(
  { findKey, findLimits }: Runtime,
  arrival: Arrival,
  principal: Principal,
  workflow: string | undefined,
): readonly Limit[] {
  const bound = findKey(principal)
  if (bound === undefined) return []
  const { alias, gateway } = bound.key
  const limits = findLimits({ principal, key: alias, gateway: gateway.name, models: [], workflow, isStream: true })
  const ofSession = limitOfSession(principal)
  const all = ofSession === undefined ? limits : [...limits, ofSession]
  return isPage({ arrival, principal }) ? all.filter(({ rule }) => isOwn(rule.each)) : all
}

/** A caller is not told how the configuration is arranged, nor what of it others hold. */
function describe(limit: Limit, state: Counted): CallerLimit {
  const { path: _path, booked: _booked, held: _held, left = 0, ...told } = describeLimit(limit, state)
  return { ...told, left }
}
