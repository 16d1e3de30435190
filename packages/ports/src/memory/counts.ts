import type { Budget, Claim } from '../budgets.js'
import type { EntryOwner } from '../entry-owner.js'
import { keptAfterMs, windowAt } from '../period.js'
import { Room, type Share } from './room.js'

/** One window of one budget. */
export interface Count {
  readonly key: string
  booked: number
  held: number
  /** What the claims of a reservation that is being looked at ask of it together. */
  asked: number
  /** How many reservations may still change it. */
  reservations: number
  readonly endMs: number
  /** When it is forgotten, unless something is held. */
  forgetMs: number
  /** Of whoever's call began it; `undefined`: it is not kept. */
  share: Share | undefined
}

/** The windows of budgets in which something is held or booked. */
export class Counts {
  readonly #counts = new Map<string, Count>()
  readonly #room: Room

  /** @param most How many there are at most, of all callers together. */
  constructor(most: number, nowMs: number) {
    this.#room = new Room(most, nowMs)
  }

  /** The counts of the budgets' present windows; one that is not known is kept only by `hold`. */
  find(budgets: readonly Budget[], nowMs: number): readonly Count[] {
    let made: Map<string, Count> | undefined
    return budgets.map(({ id, per }) => {
      const { startMs, endMs } = windowAt(per, nowMs)
      const key = `${startMs} ${id}`
      const known = this.#counts.get(key)
      if (known !== undefined && (known.held > 0 || known.forgetMs > nowMs)) return known
      // Two budgets may have one new count.
      made ??= new Map()
      let count = made.get(key)
      if (count === undefined) {
        const forgetMs = per === undefined ? endMs : endMs + keptAfterMs[per]
        made.set(key, (count = { key, booked: 0, held: 0, asked: 0, reservations: 0, endMs, forgetMs, share: undefined }))
      }
      return count
    })
  }

  /**
   * Checks that there is room for those of these counts that are not kept yet.
   *
   * @throws {StoreFull} if their owner has none.
   */
  check(found: readonly Count[], owner: EntryOwner | undefined): void {
    const added = found.filter(({ share }) => share === undefined)
    this.#room.check(owner, added.length > 1 ? new Set(added).size : added.length)
  }

  /** Holds what a call claims of a count that was found for it. */
  hold(count: Count, { budget, amount }: Claim, owner: EntryOwner | undefined, nowMs: number): void {
    count.held += amount
    count.reservations += 1
    if (budget.per === undefined) count.forgetMs = nowMs + (budget.forgottenAfterMs ?? Infinity)
    if (count.share !== undefined) return
    const before = this.#counts.get(count.key)
    if (before !== undefined) this.#drop(before)
    count.share = this.#room.enter(owner)
    this.#counts.set(count.key, count)
  }

  /** A reservation changes the count no more. If nothing is held or booked, nothing of it is left. */
  letGo(count: Count): void {
    count.reservations -= 1
    if (count.reservations === 0 && count.held === 0 && count.booked === 0) this.#drop(count)
  }

  sweep(nowMs: number): void {
    if (!this.#room.isSweepDue(nowMs)) return
    for (const count of this.#counts.values()) if (count.held === 0 && this.#isOver(count, nowMs)) this.#drop(count)
  }

  /** What is kept for a clock that may be set back goes first where its owner has no more room. */
  #isOver({ forgetMs, endMs, share }: Count, nowMs: number): boolean {
    return forgetMs <= nowMs || (endMs <= nowMs && share !== undefined && this.#room.isFullFor(share))
  }

  #drop(count: Count): void {
    const { key, share } = count
    if (share === undefined) return
    this.#counts.delete(key)
    this.#room.leave(share)
    count.share = undefined
  }
}
