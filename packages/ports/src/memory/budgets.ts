import {
  type Budget,
  type Budgets,
  type CallNote,
  type Claim,
  type Counted,
  type LeftNote,
  maxNoteBytes,
  type Reserved,
} from '../budgets.js'
import type { EntryOwner } from '../entry-owner.js'
import { type Count, Counts } from './counts.js'
import { defaultMemoryBounds, type MemoryBounds } from './memory-bounds.js'
import { Room, type Share } from './room.js'

/** How long what was booked for a lease that ran out can still be corrected, in milliseconds. */
const correctableMs = 86_400_000

interface Reservation {
  parts: readonly { readonly count: Count; readonly amount: number }[]
  leaseEndMs: number
  /** Whether its lease ran out, and all of it was booked. */
  isBooked: boolean
  /** Whether only its note is left. */
  isSettled: boolean
  note: string | undefined
  readonly share: Share
}

/**
 * Budgets in the memory of this process.
 *
 * @param now The clock, in milliseconds since the epoch. Default: `Date.now` as it is when it is asked, so that a test can set it.
 */
export function createBudgets(
  bounds: Pick<MemoryBounds, 'counts' | 'reservations'> = defaultMemoryBounds,
  now: () => number = () => Date.now(),
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
      if ((reservation.isBooked || reservation.isSettled) && reservation.leaseEndMs + correctableMs <= nowMs) drop(id, reservation)
  }

  function bookIfOver(reservation: Reservation, nowMs: number): boolean {
    if (reservation.isBooked || reservation.isSettled || reservation.leaseEndMs > nowMs) return false
    reservation.isBooked = true
    for (const { count, amount } of reservation.parts) {
      count.held -= amount
      count.booked += amount
    }
    return true
  }

  function reserve(
    id: string,
    claims: readonly Claim[],
    leaseMs: number,
    owner: EntryOwner | undefined,
    note: string | undefined,
  ): Reserved {
    checkNote(note)
    const nowMs = now()
    sweep(nowMs)
    if (reservations.has(id)) throw new RangeError('A reservation of this name exists.')
    const found = counts.find(
      claims.map(({ budget }) => budget),
      nowMs,
    )
    for (const count of found) count.asked = 0
    // Two claims may be of one budget: each is looked at with what the ones before it set aside.
    const refusedBy = claims.findIndex(({ budget, amount }, index) => {
      const count = found[index] as Count
      count.asked += checked(amount)
      return bookedOf(budget, count) + count.held + count.asked > budget.limit
    })
    if (refusedBy !== -1) return { granted: false, refusedBy, counted: stateOf(claims, found, nowMs) }
    room.check(owner)
    counts.check(found, owner)
    const parts = claims.map((claim, index) => {
      const count = found[index] as Count
      counts.hold(count, claim, owner, nowMs)
      return { count, amount: claim.amount }
    })
    const share = room.enter(owner)
    reservations.set(id, { parts, leaseEndMs: nowMs + leaseMs, isBooked: false, isSettled: false, note, share })
    return { granted: true, counted: stateOf(claims, found, nowMs) }
  }

  function settle(id: string, spent: readonly number[], left: LeftNote | undefined): readonly Counted[] | undefined {
    checkNote(left?.text)
    const reservation = reservations.get(id)
    if (reservation === undefined || reservation.isSettled) return undefined
    const nowMs = now()
    bookIfOver(reservation, nowMs)
    const amounts = reservation.parts.map(({ amount }, index) => checked(spent[index] ?? amount))
    for (const [index, { count, amount }] of reservation.parts.entries()) {
      if (reservation.isBooked) count.booked -= amount
      else count.held -= amount
      count.booked += amounts[index] as number
    }
    const { parts } = reservation
    if (left === undefined) drop(id, reservation)
    else {
      for (const { count } of parts) counts.letGo(count)
      reservation.parts = []
      reservation.isBooked = false
      reservation.isSettled = true
      reservation.note = left.text
      reservation.leaseEndMs = nowMs + left.leaseMs
    }
    return parts.map(({ count }) => describe(count, nowMs))
  }

  function takeNotes(most: number, leaseMs: number): readonly CallNote[] {
    const nowMs = now()
    const taken: CallNote[] = []
    for (const [id, reservation] of reservations) {
      if (taken.length === most) break
      const { note, isBooked, isSettled, leaseEndMs } = reservation
      if (note === undefined || (!isBooked && !isSettled) || leaseEndMs > nowMs) continue
      reservation.leaseEndMs = nowMs + leaseMs
      taken.push({ id, isSettled, text: note })
    }
    return taken
  }

  return {
    scope: 'process',
    recovery: undefined,
    reserve: async (id, claims, leaseMs, owner, note) => reserve(id, claims, leaseMs, owner, note),
    async extend(ids, leaseMs) {
      const nowMs = now()
      for (const id of ids) {
        const reservation = reservations.get(id)
        if (reservation === undefined || (reservation.isBooked && reservation.note === undefined)) continue
        if (reservation.leaseEndMs > nowMs) reservation.leaseEndMs = nowMs + leaseMs
      }
    },
    settle: async (id, spent, left) => settle(id, spent, left),
    async look(budgets) {
      const nowMs = now()
      const claims = budgets.map((budget) => ({ budget, amount: 0 }))
      return stateOf(claims, counts.find(budgets, nowMs), nowMs)
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
    takeNotes: async (most, leaseMs) => takeNotes(most, leaseMs),
    async dropNotes(notes) {
      for (const { id, isSettled } of notes) {
        const reservation = reservations.get(id)
        if (reservation?.note === undefined || reservation.isSettled !== isSettled) continue
        if (isSettled) drop(id, reservation)
        else if (reservation.isBooked) reservation.note = undefined
      }
    },
  }
}

function bookedOf({ onlyHeld }: Budget, { booked }: Count): number {
  return onlyHeld === true ? 0 : booked
}

function stateOf(claims: readonly Claim[], found: readonly Count[], nowMs: number): readonly Counted[] {
  return found.map((count, index) => describe(count, nowMs, bookedOf((claims[index] as Claim).budget, count)))
}

function checkNote(note: string | undefined): void {
  if (note !== undefined && Buffer.byteLength(note) > maxNoteBytes) throw new RangeError('A note is too long.')
}

function checked(amount: number): number {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError('An amount is a whole number, 0 or more.')
  return amount
}

function describe({ held, endMs, booked: all }: Count, nowMs: number, booked = all): Counted {
  return { booked, held, endsInMs: endMs === Infinity ? undefined : Math.max(0, endMs - nowMs) }
}
