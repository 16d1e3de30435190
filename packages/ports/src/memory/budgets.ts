import type { Budget, Budgets, Claim, Counted, Reserved } from '../budgets.js'
import { keptAfterMs, windowAt } from '../period.js'

/** The most counts, and the most reservations, that are kept in memory. */
const mostCounts = 500_000
const mostReservations = 200_000

/** How often counts that are over are deleted, and how often while there is no room, in milliseconds. */
const sweepMs = 10_000
const fullSweepMs = 1000

/** How long what was booked for a lease that ran out can still be corrected, in milliseconds. */
const correctableMs = 86_400_000

/** One window of one budget. */
interface Count {
  booked: number
  held: number
  readonly endMs: number
  /** When it is forgotten, unless something is held. */
  forgetMs: number
}

/** A count and what it is kept under. */
interface Found {
  readonly key: string
  readonly count: Count
}

interface Reservation {
  readonly parts: readonly { readonly count: Count; readonly amount: number }[]
  leaseEndMs: number
  /** Whether its lease ran out, and all of it was booked. */
  isBooked: boolean
}

/**
 * Budgets in the memory of this process.
 *
 * @param now The clock, in milliseconds since the epoch.
 */
export function createBudgets(now: () => number = Date.now): Budgets {
  const counts = new Map<string, Count>()
  const reservations = new Map<string, Reservation>()
  let sweptAt = now()

  function sweep(nowMs: number): void {
    if (nowMs - sweptAt < (counts.size < mostCounts && reservations.size < mostReservations ? sweepMs : fullSweepMs)) return
    sweptAt = nowMs
    // Where there is no room, what is kept for a clock that may be set back goes first.
    const isFull = counts.size >= mostCounts
    for (const [key, { held, forgetMs, endMs }] of counts)
      if (held === 0 && (forgetMs <= nowMs || (isFull && endMs <= nowMs))) counts.delete(key)
    for (const [id, { isBooked, leaseEndMs }] of reservations) if (isBooked && leaseEndMs + correctableMs <= nowMs) reservations.delete(id)
  }

  /** The counts of the budgets' present windows; new ones are kept only by `reserve`. */
  function find(budgets: readonly Budget[], nowMs: number): readonly Found[] {
    const made = new Map<string, Count>()
    return budgets.map(({ id, per }) => {
      const { startMs, endMs } = windowAt(per, nowMs)
      const key = `${startMs} ${id}`
      const known = made.get(key) ?? counts.get(key)
      const isKept = known !== undefined && (known.held > 0 || known.forgetMs > nowMs)
      const count = isKept ? known : { booked: 0, held: 0, endMs, forgetMs: per === undefined ? endMs : endMs + keptAfterMs[per] }
      made.set(key, count)
      return { key, count }
    })
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

  function reserve(id: string, claims: readonly Claim[], leaseMs: number): Reserved {
    const nowMs = now()
    sweep(nowMs)
    if (reservations.has(id)) throw new RangeError('A reservation of this name exists.')
    if (counts.size + claims.length > mostCounts || reservations.size >= mostReservations) throw new Error('The store is full.')
    const found = find(
      claims.map(({ budget }) => budget),
      nowMs,
    )
    // Two claims may be of one budget: each is looked at with what the ones before it set aside.
    const before = new Map<Count, number>()
    const refusedBy = claims.findIndex(({ budget: { limit }, amount }, index) => {
      const { count } = found[index] as Found
      const claimed = (before.get(count) ?? 0) + checked(amount)
      before.set(count, claimed)
      return count.booked + count.held + claimed > limit
    })
    if (refusedBy !== -1) return { granted: false, refusedBy, counted: found.map(({ count }) => describe(count, nowMs)) }
    for (const [index, { budget, amount }] of claims.entries()) {
      const { key, count } = found[index] as Found
      count.held += amount
      if (budget.per === undefined) count.forgetMs = nowMs + (budget.forgottenAfterMs ?? Infinity)
      counts.set(key, count)
    }
    const parts = claims.map(({ amount }, index) => ({ count: (found[index] as Found).count, amount }))
    reservations.set(id, { parts, leaseEndMs: nowMs + leaseMs, isBooked: false })
    return { granted: true, counted: found.map(({ count }) => describe(count, nowMs)) }
  }

  function settle(id: string, spent: readonly number[]): readonly Counted[] | undefined {
    const reservation = reservations.get(id)
    if (reservation === undefined) return undefined
    const nowMs = now()
    bookIfOver(reservation, nowMs)
    reservations.delete(id)
    for (const [index, { count, amount }] of reservation.parts.entries()) {
      if (reservation.isBooked) count.booked -= amount
      else count.held -= amount
      count.booked += checked(spent[index] ?? amount)
    }
    return reservation.parts.map(({ count }) => describe(count, nowMs))
  }

  return {
    scope: 'process',
    reserve: async (id, claims, leaseMs) => reserve(id, claims, leaseMs),
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
      return find(budgets, nowMs).map(({ count }) => describe(count, nowMs))
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
