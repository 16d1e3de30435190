import {
  type Budgets,
  ClientGone,
  type Counters,
  type EntryOwner,
  entryOwnerOf,
  reachStore,
  Refusal,
  type Reserved,
  StoreFull,
  type Witness,
} from '@postern/ports'
import { isPage } from '../answers/record-for-client.js'
import { onlyOne } from '../lib/only-one.js'
import type { Permit } from '../police/permit.js'
import type { PricedCall } from '../prices/prices.js'
import { type AssumedUse, assumeUse } from './assume-use.js'
import type { ReservingCall } from './reserving-call.js'
import type { FindLimits, Limit } from './find-limits.js'
import { isMeasured } from './limit-rule.js'
import { limitOfSession } from './session-limit.js'
import type { Reservations } from './reservations.js'
import { reserveInTurn } from './reserve-in-turn.js'
import { refuseLimit } from './refuse-limit.js'
import { Reservation, type SizedCall } from './reservation.js'
import { type CallSize, type Pricing, sizeCall } from './size-call.js'
import { writeCeiling } from './write-ceiling.js'

/**
 * Sets aside what the limits want of a call, all of it or nothing, and then counts the call against the session's `maxCalls`. This is
 * the last room before `forward`, so a call that any rule refuses is not counted.
 *
 * Under a limit of money or tokens, the most that the call can use is set aside. If that is more than is left, the ceiling of its
 * answers is lowered until it fits; a request that states none gets one. Where as many streams are open as a limit allows, the call waits
 * for one of them to end, for up to two seconds.
 *
 * @returns `undefined` at once if no limit applies and the credential has no `maxCalls`.
 * @throws {Refusal} 429 `rate_limited`, `budget_held` or `too_many_streams`, 402 `budget_exhausted`, 400 `ceiling_required`, 503
 *   `store_unavailable`.
 */
export type Reserve = (call: ReservingCall) => Reservation | undefined | Promise<Reservation | undefined>

/** @param booked What would be booked; `undefined`: no limit is of money or tokens. */
export type WriteNote = (call: ReservingCall, booked: AssumedUse | undefined) => string | undefined

export interface ReserveOptions {
  readonly counters: Counters
  readonly budgets: Budgets
  readonly findLimits: FindLimits
  readonly reservations: Reservations
  readonly pricing: Pricing
  /** Writes the entry that a call has if its process dies. Default: none is kept. */
  readonly writeNote?: WriteNote | undefined
  /** Is told which rule refused a call. */
  readonly witness: Witness
}

/** How often a ceiling is lowered: other calls may take what was left in the meantime. */
const mostTries = 4

export function createReserve({ counters, budgets, findLimits, reservations, pricing, writeNote, witness }: ReserveOptions): Reserve {
  // A store of this process ends with it.
  const noteOf = budgets.scope === 'process' ? undefined : writeNote

  function setAside(call: ReservingCall, limits: readonly Limit[]): Promise<Reservation | undefined> {
    const { permit } = call
    const priced = { ...pricedCall(call), asRead: pricing.unpriced === 'tokens' }
    const { need } = permit
    const size =
      need !== undefined && limits.some(({ rule }) => isMeasured(rule.unit)) ? sizeCall(limits, need, priced, pricing) : undefined
    const sized = (ceiling: number | undefined, amounts: readonly number[]): SizedCall | undefined => {
      if (size === undefined) return undefined
      const asked = need?.output?.limit
      const clamped = ceiling === undefined || asked === ceiling ? undefined : { ceiling, ...(asked === undefined ? {} : { asked }) }
      return { size, call: priced, pricing, amounts, clamped }
    }
    return tryFor(call, limits, size, sized, 1, size?.ceiling)
  }

  async function tryFor(
    call: ReservingCall,
    limits: readonly Limit[],
    size: CallSize | undefined,
    sized: (ceiling: number | undefined, amounts: readonly number[]) => SizedCall | undefined,
    tries: number,
    ceiling: number | undefined,
  ): Promise<Reservation | undefined> {
    const amounts = size === undefined ? limits.map(({ claim }) => claim.amount) : size.amounts(ceiling)
    const isToPage = isPage(call)
    const found = sized(ceiling, amounts)
    const note = noteOf?.(call, assumeUse(limits, found))
    let reserved: Reserved & { readonly id: string }
    try {
      reserved = await reserveInTurn(budgets, reservations, call, limits, amounts, tries, note)
    } catch (error) {
      // A store that finds fault with what it is asked is not away: else a caller chose by the request that no limit holds.
      if (error instanceof ClientGone || error instanceof RangeError) throw error
      // A caller that has filled its part of the store must not be rid of its limits by that.
      if (!(error instanceof StoreFull) && limits.every(({ rule }) => rule.onUnavailable === 'allow')) return undefined
      throw new Refusal('store_unavailable', { retryAfterSeconds: 1, cause: error })
    }
    if (reserved.granted) {
      const permit = permitted(call, found)
      return new Reservation(
        { id: reserved.id, limits, counted: reserved.counted, permit, isPage: isToPage, sized: found, note },
        reservations,
      )
    }
    const lower = ceiling === undefined || tries === mostTries ? undefined : size?.ceilingWithin(reserved.counted, ceiling)
    if (lower !== undefined) return tryFor(call, limits, size, sized, tries + 1, lower)
    const refusal = refuseLimit(limits, amounts, reserved, size, isToPage)
    witness({ type: 'limit_refused', rule: (limits[reserved.refusedBy] as Limit).rule.title, code: refusal.code })
    throw refusal
  }

  async function countCall(id: string, maxCalls: number, expiresAt: number, owner: EntryOwner): Promise<void> {
    const calls = await reachStore(counters.add(`calls:${id}`, expiresAt, owner))
    if (calls <= maxCalls) return
    witness({ type: 'limit_refused', rule: 'maxCalls', code: 'budget_exhausted' })
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
      reservation?.giveBack()
      throw error
    }
    return reservation
  }

  return (call) => {
    const { principal, route, permit, tags } = call
    let found = findLimits({
      principal,
      key: route.key.alias,
      gateway: route.gateway.name,
      models: permit.need?.models ?? [],
      workflow: tags.workflow,
      isStream: permit.isStream !== false,
    })
    const ofSession = limitOfSession(principal)
    if (ofSession !== undefined) found = [...found, ofSession]
    // What costs nothing uses nothing that a limit of money or tokens counts.
    const limits = permit.need === undefined ? found.filter(({ rule }) => !isMeasured(rule.unit)) : found
    const { bounds, session, expiresAt } = principal
    const maxCalls = bounds?.maxCalls
    if (maxCalls === undefined || session?.id === undefined || expiresAt === undefined)
      return limits.length === 0 ? undefined : setAside(call, limits)
    const { id } = session
    const counting = (): Promise<void> => countCall(id, maxCalls, expiresAt, entryOwnerOf(principal))
    return limits.length === 0 ? counting().then(() => undefined) : setAsideAndCount(call, limits, counting)
  }
}

/** The tier is left open: a gateway may choose it. */
function pricedCall({ route, permit }: ReservingCall): PricedCall {
  return { gateway: route.gateway.name, key: route.key.alias, model: onlyOne(permit.need?.models) }
}

/** The request as it is sent: without what was measured, and with the ceiling that was set. */
function permitted({ permit }: ReservingCall, sized: SizedCall | undefined): Permit {
  const { ceilings, body } = permit
  const clamped = sized?.clamped
  const sent = { ...permit, need: undefined, ceilings: undefined }
  if (clamped === undefined || ceilings === undefined || !Buffer.isBuffer(body)) return sent
  return { ...sent, body: writeCeiling(body, ceilings(), clamped.ceiling) }
}
