import type { Budgets, Claim, Counted, Reserved } from '../budgets.js'
import type { EntryOwner } from '../entry-owner.js'
import { type Count, Counts } from './counts.js'
import { defaultMemoryBounds, type MemoryBounds } from './memory-bounds.js'
import { Room, type Share } from './room.js'

/** How long what was booked for a lease that ran out can still be corrected, in milliseconds. */
const correctableMs = 86_400_000

interface Reservation {
  readonly parts: readonly { readonly count: Count; readonly amount: number }[]
  leaseEndMs: number
  /** Whether its lease ran out, and all of it was booked. */
  isBooked: boolean
  readonly share: Share
}

/**
 * Budgets in the memory of this process.
 *
 * @param now The clock, in milliseconds since the epoch.
 */
export function createBudgets(
  bounds: Pick<MemoryBounds, 'counts' | 'reservations'> = defaultMemoryBounds,
  now: () => number = Date.now,
): Budgets {
  const counts = new Counts(bounds.counts, now())
  const reservations = new Map<string, Reservation>()
  const room = new Room(bounds.reservations, now())

  function drop(id: string, { parts, share }: Reservation): void {
    reservations.delete(id)
    room.leave(share)
    for (const { count } of parts) counts.letGo(count)
  }

  function sweep(nowMs: number): void {
    counts.sweep(nowMs)
    if (!room.isSweepDue(nowMs)) return
    for (const [id, reservation] of reservations)
      if (reservation.isBooked && reservation.leaseEndMs + correctableMs <= nowMs) drop(id, reservation)
  }

  function bookIfOver(reservation: Reservation, nowMs: number): boolean {
    if (reservation.isBooked || reservation.leaseEndMs > nowMs) return false
    reservation.isBooked = true
    for (const { count, amount } of reservation.parts) {
      count.held -= amount
      count.booked += amount
    }
    return true
  }

  function reserve(id: string, claims: readonly Claim[], leaseMs: number, owner: EntryOwner | undefined): Reserved {
    const nowMs = now()
    sweep(nowMs)
    if (reservations.has(id)) throw new RangeError('A reservation of this name exists.')
    const found = counts.find(
      claims.map(({ budget }) => budget),
      nowMs,
    )
    // Two claims may be of one budget: each is looked at with what the ones before it set aside.
    const before = new Map<Count, number>()
    const refusedBy = claims.findIndex(({ budget: { limit }, amount }, index) => {
      const count = found[index] as Count
      const claimed = (before.get(count) ?? 0) + checked(amount)
      before.set(count, claimed)
      return count.booked + count.held + claimed > limit
    })
    if (refusedBy !== -1) return { granted: false, refusedBy, counted: found.map((count) => describe(count, nowMs)) }
    room.check(owner)
    counts.check(found, owner)
    const parts = claims.map((claim, index) => {
      const count = found[index] as Count
      counts.hold(count, claim, owner, nowMs)
      return { count, amount: claim.amount }
    })
    reservations.set(id, { parts, leaseEndMs: nowMs + leaseMs, isBooked: false, share: room.enter(owner) })
    return { granted: true, counted: found.map((count) => describe(count, nowMs)) }
  }

  function settle(id: string, spent: readonly number[]): readonly Counted[] | undefined {
    const reservation = reservations.get(id)
    if (reservation === undefined) return undefined
    const nowMs = now()
    bookIfOver(reservation, nowMs)
    const amounts = reservation.parts.map(({ amount }, index) => checked(spent[index] ?? amount))
    for (const [index, { count, amount }] of reservation.parts.entries()) {
      if (reservation.isBooked) count.booked -= amount
      else count.held -= amount
      count.booked += amounts[index] as number
    }
    drop(id, reservation)
    return reservation.parts.map(({ count }) => describe(count, nowMs))
  }

  return {
    scope: 'process',
    reserve: async (id, claims, leaseMs, owner) => reserve(id, claims, leaseMs, owner),
    async extend(ids, leaseMs) {
      const nowMs = now()
      for (const id of ids) {
        const reservation = reservations.get(id)
        if (reservation !== undefined && !reservation.isBooked && reservation.leaseEndMs > nowMs) reservation.leaseEndMs = nowMs + leaseMs
      }
    },
    settle: async (id, spent) => settle(id, spent),
    async look(budgets) {
      const nowMs = now()
      return counts.find(budgets, nowMs).map((count) => describe(count, nowMs))
    },
    async bookAbandoned(most) {
      const nowMs = now()
      const ids: string[] = []
      for (const [id, reservation] of reservations) {
        if (ids.length === most) break
        if (bookIfOver(reservation, nowMs)) ids.push(id)
      }
      return ids
    },
  }
}

function checked(amount: number): number {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError('An amount is a whole number, 0 or more.')
  return amount
}

function describe({ booked, held, endMs }: Count, nowMs: number): Counted {
  return { booked, held, endsInMs: endMs === Infinity ? undefined : Math.max(0, endMs - nowMs) }
}
