import { type Arrival, type Budgets, type Counters, type Principal, reachStore, Refusal } from '@postern/ports'
import { isPage } from '../answers/record-for-client.js'
import type { Permit } from '../police/permit.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/tag.js'
import type { FindLimits, Limit } from './find-limits.js'
import { leaseMs, type Reservations } from './reservations.js'
import { refuseLimit } from './refuse-limit.js'
import { Reservation } from './reservation.js'

/** The facts that decide what a call sets aside. */
export interface ReservingCall {
  readonly arrival: Arrival
  readonly principal: Principal
  readonly route: Route
  readonly permit: Permit
  readonly tags: Tags
}

/**
 * Sets aside what the limits want of a call, all of it or nothing, and then counts the call against the session's `maxCalls`. This is
 * the last room before `forward`, so a call that any rule refuses is not counted.
 *
 * @returns `undefined` at once if no limit applies and the credential has no `maxCalls`.
 * @throws {Refusal} 429 `rate_limited` or `too_many_streams`, 402 `budget_exhausted`, 503 `store_unavailable`.
 */
export type Reserve = (call: ReservingCall) => Reservation | undefined | Promise<Reservation | undefined>

export interface ReserveOptions {
  readonly counters: Counters
  readonly budgets: Budgets
  readonly findLimits: FindLimits
  readonly reservations: Reservations
}

export function createReserve({ counters, budgets, findLimits, reservations }: ReserveOptions): Reserve {
  function setAside(call: ReservingCall, limits: readonly Limit[]): Promise<Reservation | undefined> {
    // The id is made here and holds a ULID, so no other call has it.
    const id = call.tags.requestId
    const claims = limits.map(({ claim }) => claim)
    return budgets.reserve(id, claims, leaseMs).then(
      (reserved) => {
        if (reserved.granted) return new Reservation(id, limits, reserved.counted, reservations)
        throw refuseLimit(limits, reserved.refusedBy, reserved.counted, isPage(call))
      },
      (error: unknown) => {
        if (limits.every(({ rule }) => rule.onUnavailable === 'allow')) return undefined
        throw new Refusal('store_unavailable', { retryAfterSeconds: 1, cause: error })
      },
    )
  }

  async function countCall(id: string, maxCalls: number, expiresAt: number): Promise<void> {
    const calls = await reachStore(counters.add(`calls:${id}`, expiresAt))
    if (calls <= maxCalls) return
    throw new Refusal('budget_exhausted', {
      message:
        maxCalls === 1
          ? 'The session was good for one call and has made it.'
          : `The session was good for ${maxCalls} calls and has made them.`,
      help: 'Ask your backend for a new one.',
    })
  }

  async function setAsideAndCount(
    call: ReservingCall,
    limits: readonly Limit[],
    counting: () => Promise<void>,
  ): Promise<Reservation | undefined> {
    const reservation = await setAside(call, limits)
    try {
      await counting()
    } catch (error) {
      reservation?.end()
      throw error
    }
    return reservation
  }

  return (call) => {
    const { principal, route, permit, tags } = call
    const limits = findLimits({
      principal,
      key: route.key.alias,
      gateway: route.gateway.name,
      model: permit.modelRequested,
      workflow: tags.workflow,
      isStream: permit.isStream === true,
    })
    const { bounds, session, expiresAt } = principal
    const maxCalls = bounds?.maxCalls
    if (maxCalls === undefined || session?.id === undefined || expiresAt === undefined)
      return limits.length === 0 ? undefined : setAside(call, limits)
    const { id } = session
    const counting = (): Promise<void> => countCall(id, maxCalls, expiresAt)
    return limits.length === 0 ? counting().then(() => undefined) : setAsideAndCount(call, limits, counting)
  }
}
